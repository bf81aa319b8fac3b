/** Jobs, disks, users and keys on Postgres, and the queues between service and processor. */

export { QUEUE_CHANNEL } from "./bell.ts";
export { type CancelJobsOfArgs, cancelJobsOf } from "./cancel-jobs-of.ts";
export { readViews, type TypeAvailability, typeAvailabilityOf } from "./cluster-availability.ts";
export type { GpuType } from "./gpu-types-file.ts";
export {
  type JobListenOptions,
  type Listening,
  type ListenOptions,
  listenForJobs,
  listenForOrders,
} from "./listen.ts";
export type { StoreLog } from "./log.ts";
export { DISK_NAME, POD_NAME, RESERVATION_ID } from "./names.ts";
export type {
  DiskOrder,
  JobOrder,
  MessagePlace,
  Order,
} from "./orders.ts";
export * from "./placement/index.ts";
export type { QueryAnswer, Queryable } from "./queryable.ts";
export {
  type Breach,
  breachOf,
  breachSentence,
  diskBreachOf,
  hoursLimitOf,
  quotaLimitsOf,
  type Wish,
} from "./quotas.ts";
export { readDiskOrder, readJobOrder } from "./read-orders.ts";
export { forgetSome, type Retention, retentionOf } from "./retention.ts";
export type { Sealed } from "./sealed.ts";
export {
  createSealer,
  parseSealingKeys,
  type SealedPlace,
  type Sealer,
  type SealingKey,
} from "./sealing.ts";
export { openSealer, SealingKeysError } from "./sealing-keys-file.ts";
export {
  orderRulesOf,
  placementSettings,
  queuesOf,
  type StoreSettings,
  storeOptionsOf,
  storeSettings,
  targetOf,
  withStoreRules,
} from "./settings.ts";
export { createShares, type Shares } from "./shares.ts";
export {
  createStanding,
  type Fallen,
  type Holder,
  type Standing,
  type StandingOptions,
} from "./standing.ts";
export * from "./statements/index.ts";
export {
  createStore,
  type PoolNumbers,
  type Store,
  type StoreOptions,
  type TransactionOptions,
} from "./store.ts";
export { StoreError, type StoreErrorCode } from "./store-error.ts";
export {
  type ConnectTarget,
  connectTarget,
  type DatabaseParts,
  databaseUrl,
  type Ssl,
  type SslMode,
} from "./target.ts";
export type { Transaction } from "./transaction.ts";
