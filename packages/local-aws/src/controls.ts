// What a test may do to a running stand-in beside calling it: switch faults, read calls, fill in data, reset.

import type { Revocation } from "./auth/sessions.ts";
import type { CallCounts, CallRecord } from "./calls.ts";
import { describeIssues, type Fault, type FaultInput } from "./faults/fault-schema.ts";
import { LOCAL_AWS } from "./known-identities.ts";
import type { FunctionCounts } from "./lambda/invocations.ts";
import { type BucketPlace, bucketPlace, placeBucket } from "./s3/bucket-region.ts";
import { type BulkObjects, bulkObjects, type PutObjects, putObjects } from "./s3/bulk-objects.ts";
import { plantSeeds, type Seed } from "./seed.ts";
import { type BulkRequest, bulkRequest, expandBulk, putBulk } from "./ssm/bulk-parameters.ts";
import type { World } from "./world.ts";

/** What the control endpoint can do, as methods. */
export interface LocalAwsControls {
  readonly faults: {
    /** Replaces all faults. Throws a TypeError that names the bad member. */
    set(faults: readonly FaultInput[]): void;
    clear(): void;
    list(): Fault[];
  };
  readonly calls: {
    counts(): CallCounts;
    /** The last 1000 calls, oldest first. */
    list(): CallRecord[];
    reset(): void;
  };
  readonly parameters: {
    /** Adds or overwrites, past the API; returns how many. Throws a TypeError that names the bad member. */
    put(request: BulkRequest): number;
  };
  readonly objects: {
    /** Adds or overwrites, past the API. Throws a TypeError that names the bad member. */
    put(request: BulkObjects): PutObjects;
  };
  readonly buckets: {
    /** Makes a bucket in a region, or moves it there, past the API. Throws a TypeError that names the bad member. */
    place(request: BucketPlace): void;
  };
  readonly sessions: {
    /** Ends every session that was handed out before its time; returns how many. */
    revoke(as: Revocation): number;
  };
  readonly lambda: {
    counts(): FunctionCounts;
  };
  /** Data back to the seeds, faults off, calls at zero. Sessions handed out stay valid. */
  reset(): void;
}

export function makeControls(world: World, seeds: readonly Seed[]): LocalAwsControls {
  return {
    faults: {
      set: (faults) => world.faults.set(faults),
      clear: () => world.faults.clear(),
      list: () => world.faults.list(),
    },
    calls: {
      counts: () => world.calls.counts(),
      list: () => world.calls.list(),
      reset: () => world.calls.reset(),
    },
    parameters: {
      put: (request) => {
        const parsed = bulkRequest.safeParse(request);
        if (!parsed.success) throw new TypeError(describeIssues(parsed.error));
        const parameters = expandBulk(parsed.data);
        putBulk(world.parameters, parameters, LOCAL_AWS.baseUserArn, world.now());
        world.commit();
        return parameters.length;
      },
    },
    objects: {
      put: (request) => {
        const parsed = bulkObjects.safeParse(request);
        if (!parsed.success) throw new TypeError(describeIssues(parsed.error));
        const put = putObjects(world.buckets, parsed.data, world.now());
        world.commit();
        return put;
      },
    },
    buckets: {
      place: (request) => {
        const parsed = bucketPlace.safeParse(request);
        if (!parsed.success) throw new TypeError(describeIssues(parsed.error));
        placeBucket(world.buckets, parsed.data, world.now());
        world.commit();
      },
    },
    sessions: { revoke: (as) => world.sessions.revoke(as) },
    lambda: { counts: () => world.invocations.counts() },
    reset: () => {
      world.clear();
      world.faults.clear();
      world.calls.reset();
      plantSeeds(world, seeds, world.now());
      world.commit();
    },
  };
}
