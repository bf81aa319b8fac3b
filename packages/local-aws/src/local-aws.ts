// Starts the stand-in: one HTTP server for STS, S3, SSM and the control endpoint, all state in memory.

import { Sessions } from "./auth/sessions.ts";
import { type CallLine, CallLog } from "./calls.ts";
import { type LocalAwsControls, makeControls } from "./controls.ts";
import { FaultBook } from "./faults/fault-book.ts";
import { BucketStore } from "./s3/bucket-store.ts";
import { listen } from "./server.ts";
import { ParameterStore } from "./ssm/parameter-store.ts";
import type { World } from "./world.ts";

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
