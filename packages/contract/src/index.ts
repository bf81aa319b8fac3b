/** The words on the wire: bodies, error codes, the parameter-name grammar. */
export * from "./bodies.ts";
export { readCursor, readPlace, writeCursor, writePlace } from "./cursor.ts";
export { entityTags, namesStrongly, namesWeakly, opaqueTag } from "./entity-tags.ts";
export { EXAMPLES } from "./examples/index.ts";
export { EVENT_EXAMPLE, LOG_EXAMPLE } from "./examples/jobs.ts";
export { isImageReference } from "./image-reference.ts";
export * from "./job-events.ts";
export * from "./job-logs.ts";
export * from "./job-outlook.ts";
export * from "./job-tunnel.ts";
export * from "./jobs.ts";
export * from "./jobs-admin-jobs.ts";
export * from "./jobs-admin-limits.ts";
export * from "./jobs-admin-upkeep.ts";
export * from "./jobs-admin-users.ts";
export * from "./jobs-cluster.ts";
export * from "./jobs-disks.ts";
export { GITHUB_NAME, JOB_ID, type JobControls } from "./jobs-env-vars.ts";
export * from "./jobs-login.ts";
export {
  ANSWER_HEADERS,
  type AnswerHeader,
  type AnswerHeaderName,
  headersOfOperation,
  OBJECT_CONDITIONS,
  type ObjectHeader,
  REQUEST_HEADERS,
  type RequestHeader,
  SENT_HEADERS,
} from "./operation-headers.ts";
export { OPERATION_IDS } from "./operation-ids.ts";
export * from "./parameter-name.ts";
export * from "./parameters.ts";
export * from "./pod-plan.ts";
export {
  PROBLEM_HEADER,
  PROBLEMS,
  type ProblemCode,
  ProblemError,
  type ProblemOptions,
  problemType,
} from "./problems.ts";
export { MAX_PAGE } from "./query-words.ts";
export { kindOf, placeOf, sentencesOf } from "./sentences.ts";
export { parseSshPublicKey } from "./ssh-public-key.ts";
export * from "./storage.ts";
export { timestamp } from "./timestamp.ts";
