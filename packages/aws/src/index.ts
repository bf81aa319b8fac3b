/** AWS for services that may use it: an assumed role kept fresh, S3 and SSM behind errors of ours. */
export { type Aws, createAws } from "./aws.ts";
export type { BucketStore } from "./buckets.ts";
export type { CallOptions, ObserveCall } from "./caller.ts";
export type { ParameterStore } from "./parameters.ts";
export {
  type Credentials,
  Session,
  type SessionLog,
  type SessionSource,
  SessionUnavailableError,
} from "./session.ts";
export { type AwsSettings, awsSettings, withAwsRules } from "./settings.ts";
