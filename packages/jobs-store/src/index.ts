/** Jobs, disks, users and keys on Postgres, and the queues between service and processor. */
export type { StoreLog } from "./log.ts";
export {
  type DiskMessage,
  diskMessage,
  type JobMessage,
  jobMessage,
  messageMetadata,
  type QueueMessage,
} from "./messages.ts";
export { DISK_NAME, POD_NAME, RESERVATION_ID } from "./names.ts";
export * from "./placement/index.ts";
export type { QueryAnswer, Queryable } from "./queryable.ts";
export type { Sealed } from "./sealed.ts";
export {
  createSealer,
  parseSealingKeys,
  type SealedPlace,
  type Sealer,
  type SealingKey,
} from "./sealing.ts";
export {
  queuesOf,
  type StoreSettings,
  storeSettings,
  targetOf,
  withStoreRules,
} from "./settings.ts";
export * from "./statements/index.ts";
export { createStore, type PoolNumbers, type Store, type StoreOptions } from "./store.ts";
export { StoreError, type StoreErrorCode } from "./store-error.ts";
export {
  type ConnectTarget,
  connectTarget,
  type DatabaseParts,
  databaseUrl,
  type Ssl,
  type SslMode,
} from "./target.ts";
