// Starts the stand-in: one HTTP server for STS, S3, SSM and the control endpoint, all state in memory.

import { Sessions } from "./auth/sessions.ts";
import { type CallCounts, CallLog, type CallRecord } from "./calls.ts";
import { FaultBook } from "./faults/fault-book.ts";
import type { Fault, FaultInput } from "./faults/fault-schema.ts";
import { describeIssues } from "./faults/fault-schema.ts";
import { LOCAL_AWS } from "./known-identities.ts";
import { BucketStore } from "./s3/bucket-store.ts";
import { plantSeed } from "./seed.ts";
import { listen } from "./server.ts";
import { type BulkRequest, bulkRequest, expandBulk, putBulk } from "./ssm/bulk-parameters.ts";
import { ParameterStore } from "./ssm/parameter-store.ts";
import type { World } from "./world.ts";

/** One answered (or abandoned) AWS call, for a log. */
export interface CallLine {
  readonly service: string;
  readonly operation: string;
  /** HTTP status; null when the call was reset or left hanging. */
  readonly status: number | null;
  readonly durationMs: number;
}

export interface LocalAwsOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default true: start with the seed, and come back to it on reset. */
  readonly seed?: boolean;
  /** True time in milliseconds; everything about expiry and signatures follows it. Default Date.now. */
  readonly now?: () => number;
  /** Decides calls under a fault with a `rate`. Default Math.random. */
  readonly random?: () => number;
  readonly log?: (line: CallLine) => void;
}

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
  /** Data back to the seed, faults off, calls at zero. Sessions handed out stay valid. */
  reset(): void;
}

export interface LocalAws extends LocalAwsControls {
  /** `http://host:port`, for AWS_ENDPOINT_URL. */
  readonly url: string;
  readonly port: number;
  /** Ends at once: open and hanging connections are destroyed. */
  close(): Promise<void>;
}

/** Starts a stand-in. Rejects with the error of `listen` (EADDRINUSE, EACCES, …). */
export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const world: World = {
    sessions: new Sessions(),
    buckets: new BucketStore(),
    parameters: new ParameterStore(),
    faults: new FaultBook(options.random ?? Math.random),
    calls: new CallLog(),
    now: options.now ?? Date.now,
  };
  const controls = makeControls(world, options.seed ?? true);
  controls.reset();
  const server = await listen({
    world,
    controls,
    host: options.host ?? "127.0.0.1",
    port: options.port ?? 0,
    log: options.log ?? (() => {}),
  });
  return { ...controls, ...server };
}

function makeControls(world: World, seeded: boolean): LocalAwsControls {
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
        return parameters.length;
      },
    },
    reset: () => {
      world.buckets.clear();
      world.parameters.clear();
      world.faults.clear();
      world.calls.reset();
      if (seeded) plantSeed(world.buckets, world.parameters, world.now());
    },
  };
}
