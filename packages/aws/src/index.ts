/** AWS for services that may use it: an assumed role kept fresh, S3 and SSM behind errors of ours. */

export { type Aws, type AwsOptions, createAws } from "./aws.ts";
export type { BucketStore } from "./buckets.ts";
export { CACHE_SHARES, CLASSES } from "./classes.ts";
export { DeadlineExceededError, withDeadline } from "./deadline.ts";
export { awsProblem } from "./errors.ts";
export type { ObjectConditions } from "./objects/conditions.ts";
export type { ObjectPage, ObjectPageQuery } from "./objects/list.ts";
export type { ObjectAnswer } from "./objects/read.ts";
export type { ObjectStore } from "./objects.ts";
export type { AwsOperation, ObserveCall } from "./observed-call.ts";
export type { FailedParameter, Tree } from "./parameters/tree.ts";
export type { ParameterStore } from "./parameters.ts";
export type {
  CacheState,
  CallOptions,
  ObserveRead,
  Read,
  ReadKind,
  ReadOptions,
} from "./reads.ts";
export {
  type Credentials,
  Session,
  type SessionLog,
  type SessionSource,
  SessionUnavailableError,
} from "./session.ts";
export { type AwsSettings, awsSettings, withAwsRules } from "./settings.ts";
