/** Every scenario, in the order in which `pnpm soak` runs them. */
import type { Scenario } from "../scenario.ts";
import { allHung, auxGone, auxHung, auxKilled } from "./aux-faults.ts";
import { s3Faults, slowAws } from "./aws-faults.ts";
import { bigObject, presigned } from "./big-object.ts";
import { canary } from "./canary.ts";
import { shortSessions, stsDownAtRefresh, stsDownAtStart } from "./credentials.ts";
import { crowd } from "./crowd.ts";
import { diskKills } from "./disk-kills.ts";
import { dns } from "./dns.ts";
import { drain } from "./drain.ts";
import { endurance } from "./endurance.ts";
import { eventReaders } from "./event-readers.ts";
import { fairShares } from "./fair-shares.ts";
import { fuzz } from "./fuzz.ts";
import { generatedPolicies } from "./generated-policies.ts";
import { greedyClient } from "./greedy-client.ts";
import { idleConnections } from "./idle-connections.ts";
import { jobsCanary } from "./jobs-canary.ts";
import { jobsIdempotency } from "./jobs-idempotency.ts";
import { jobsKeys } from "./jobs-keys.ts";
import { jobsLists } from "./jobs-lists.ts";
import { jobsRestarts } from "./jobs-restarts.ts";
import { layerRollout } from "./layer-rollout.ts";
import { linkFaults } from "./link-faults.ts";
import { longLists } from "./long-lists.ts";
import { oddKeys } from "./odd-keys.ts";
import { oneAnswer } from "./one-answer.ts";
import { parameterBudget } from "./parameter-budget.ts";
import { placementCrowd } from "./placement-crowd.ts";
import { processorDeaths } from "./processor-deaths.ts";
import { processorInbox } from "./processor-inbox.ts";
import { processorKills } from "./processor-kills.ts";
import { processorRecovery } from "./processor-recovery.ts";
import { proxyEnvironment } from "./proxy-environment.ts";
import { repeatedLists } from "./repeated-lists.ts";
import { rollingRestart } from "./rolling-restart.ts";
import { rollout } from "./rollout.ts";
import { rolloutRule } from "./rollout-rule.ts";
import { clockSet, sessionTroubles } from "./session-troubles.ts";
import { simulatedWeek } from "./simulated-week.ts";
import { slowClients } from "./slow-clients.ts";
import { noisyCaller, throttled } from "./throttled.ts";
import { tunnel } from "./tunnel.ts";
import { tunnelRestart } from "./tunnel-restart.ts";
import { unreadAnswers } from "./unread-answers.ts";
import { waitingClients } from "./waiting-clients.ts";

export const SCENARIOS: readonly Scenario[] = [
  fuzz,
  auxKilled,
  auxHung,
  allHung,
  auxGone,
  linkFaults,
  slowAws,
  parameterBudget,
  throttled,
  noisyCaller,
  fairShares,
  s3Faults,
  dns,
  crowd,
  slowClients,
  unreadAnswers,
  greedyClient,
  idleConnections,
  canary,
  stsDownAtStart,
  shortSessions,
  stsDownAtRefresh,
  sessionTroubles,
  clockSet,
  proxyEnvironment,
  rollingRestart,
  layerRollout,
  rollout,
  drain,
  longLists,
  repeatedLists,
  oddKeys,
  waitingClients,
  bigObject,
  presigned,
  jobsRestarts,
  processorInbox,
  processorKills,
  processorDeaths,
  processorRecovery,
  diskKills,
  placementCrowd,
  oneAnswer,
  simulatedWeek,
  jobsIdempotency,
  jobsKeys,
  jobsLists,
  eventReaders,
  jobsCanary,
  tunnel,
  tunnelRestart,
  generatedPolicies,
  rolloutRule,
  endurance,
];
