/** All commands of operators, in the order of their help. */
import type { Command } from "../../command.ts";
import { cordon, cordonList, uncordon } from "./cordons.ts";
import { deadOrdersDrop, deadOrdersList, deadOrdersRedrive } from "./dead-orders.ts";
import { adminJobsCancel, adminJobsExtend, adminJobsList, adminJobsShow } from "./jobs.ts";
import { adminKeysList, adminKeysRevoke } from "./keys.ts";
import { quotaCheck, quotaList, quotaRemove, quotaSet } from "./quotas.ts";
import {
  adminNodes,
  adminRetention,
  dutiesList,
  dutiesRun,
  orphansList,
  orphansRemove,
} from "./upkeep.ts";
import { usersDelete, usersDisable, usersEnable, usersList, usersShow } from "./users.ts";

export const ADMIN_COMMANDS: readonly Command[] = [
  usersList,
  usersShow,
  usersDisable,
  usersEnable,
  usersDelete,
  adminKeysList,
  adminKeysRevoke,
  adminJobsList,
  adminJobsShow,
  adminJobsCancel,
  adminJobsExtend,
  quotaList,
  quotaSet,
  quotaRemove,
  quotaCheck,
  cordonList,
  cordon,
  uncordon,
  adminNodes,
  deadOrdersList,
  deadOrdersRedrive,
  deadOrdersDrop,
  dutiesList,
  dutiesRun,
  orphansList,
  orphansRemove,
  adminRetention,
];
