// The public face of the package: start a stand-in, and the identities it knows.

export type { CallCounts, CallLine, CallRecord } from "./calls.ts";
export type { LocalAwsControls } from "./controls.ts";
export type { ExecuteApiLimits } from "./execute-api/limits.ts";
export type { Fault, FaultInput, FaultKind } from "./faults/fault-schema.ts";
export {
  INVOKE_SESSIONS,
  KNOWN_SESSIONS,
  type KnownSession,
  LOCAL_AWS,
  WRITER_SESSION,
} from "./known-identities.ts";
export { awslambda } from "./lambda/response-stream.ts";
export { type ServeOptions, serveFunction } from "./lambda/serve.ts";
export { type LocalAws, type LocalAwsOptions, startLocalAws } from "./local-aws.ts";
export type { BucketPlace } from "./s3/bucket-region.ts";
export type { BulkObjects, PutObjects } from "./s3/bulk-objects.ts";
export type { BulkParameter, BulkRequest } from "./ssm/bulk-parameters.ts";
export { emptyStoreFolder, isKeptIn } from "./store-folder/open-stores.ts";
