// Parameters and objects of one stand-in: in memory, or in memory and in a folder that outlives the process.

import { type BucketChange, BucketStore } from "../s3/bucket-store.ts";
import { type ParameterChange, ParameterStore } from "../ssm/parameter-store.ts";

export interface Stores {
  readonly buckets: BucketStore;
  readonly parameters: ParameterStore;
  /** Every change so far is kept when it returns; no answer goes out before. Throws NotKept. */
  commit(): void;
  /** Empties both; the next commit keeps only what came after. */
  clear(): void;
  close(): Promise<void>;
}

export type Change = BucketChange | ParameterChange;

/** The disk is full, or the folder was taken away. */
export class NotKept extends Error {}

export function storesInMemory(): Stores {
  const [buckets, parameters] = [new BucketStore(), new ParameterStore()];
  return {
    buckets,
    parameters,
    commit() {},
    clear() {
      buckets.clear();
      parameters.clear();
    },
    async close() {},
  };
}
