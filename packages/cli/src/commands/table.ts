/** All commands, in the order of their help. */
import type { Command } from "../command.ts";
import { ADMIN_COMMANDS } from "./admin/table.ts";
import { avail } from "./avail.ts";
import { cancel } from "./cancel.ts";
import { completer, completion } from "./completion.ts";
import { configSet, configShow } from "./config.ts";
import { configSsh } from "./config-ssh.ts";
import { connect, knownHosts, proxy } from "./connect.ts";
import { diskCreate, diskDelete, diskRename, diskResize, diskRestore } from "./disk-changes.ts";
import { diskClone, diskSnapshot, diskSnapshots } from "./disk-snapshots.ts";
import { diskContent, diskList, diskShow } from "./disks.ts";
import { doctor } from "./doctor.ts";
import { edit } from "./edit.ts";
import { events } from "./events.ts";
import { explain } from "./explain.ts";
import { extend } from "./extend.ts";
import { keysList, keysRevoke, keysRotate } from "./keys.ts";
import { list } from "./list.ts";
import { login, logout } from "./login.ts";
import { logs } from "./logs.ts";
import { jupyter, portForward } from "./port-forward.ts";
import { reserve, submit } from "./reserve.ts";
import { show } from "./show.ts";
import { status } from "./status.ts";
import { versionCommand } from "./version.ts";
import { whoami } from "./whoami.ts";

export const COMMANDS: readonly Command[] = [
  login,
  logout,
  whoami,
  reserve,
  submit,
  list,
  show,
  explain,
  events,
  logs,
  connect,
  portForward,
  jupyter,
  proxy,
  extend,
  edit,
  cancel,
  avail,
  status,
  diskList,
  diskShow,
  diskContent,
  diskCreate,
  diskClone,
  diskSnapshot,
  diskSnapshots,
  diskResize,
  diskRename,
  diskDelete,
  diskRestore,
  keysList,
  keysRotate,
  keysRevoke,
  configShow,
  configSet,
  configSsh,
  doctor,
  completion,
  versionCommand,
  ...ADMIN_COMMANDS,
  knownHosts,
  completer(() => COMMANDS),
];
