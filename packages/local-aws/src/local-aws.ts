// Starts the stand-in: one HTTP server for STS, S3, SSM and the control endpoint, its data in memory or in a folder.

import { Sessions } from "./auth/sessions.ts";
import { type CallLine, CallLog } from "./calls.ts";
import { type LocalAwsControls, makeControls } from "./controls.ts";
import { EXECUTE_API_LIMITS, type ExecuteApiLimits } from "./execute-api/limits.ts";
import { FaultBook } from "./faults/fault-book.ts";
import { Invocations } from "./lambda/invocations.ts";
import { BUILT_IN_SEED } from "./seed.ts";
import { readSeedFolder } from "./seed-folder.ts";
import { listen } from "./server.ts";
import { isKeptIn, openStores } from "./store-folder/open-stores.ts";
import { storesInMemory } from "./store-folder/stores.ts";
import type { World } from "./world.ts";

export interface LocalAwsOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default true: start with the seed, and come back to it on reset. */
  readonly seed?: boolean;
  /** Beside or without that seed, from a folder with `parameters.yaml` and `objects/<bucket>/<key>`. */
  readonly seedFolder?: string | undefined;
  /** Where parameters and objects are kept; it is seeded when nothing was kept there. Default: in memory. */
  readonly folder?: string | undefined;
  /** True time in milliseconds; everything about expiry and signatures follows it. Default Date.now. */
  readonly now?: () => number;
  /** Decides calls under a fault with a `rate`. Default Math.random. */
  readonly random?: () => number;
  /** Default: those of API Gateway and Lambda. */
  readonly executeApiLimits?: Partial<ExecuteApiLimits>;
  readonly log?: (line: CallLine) => void;
}

export interface LocalAws extends LocalAwsControls {
  /** `http://host:port`, for AWS_ENDPOINT_URL. */
  readonly url: string;
  readonly port: number;
  /** Ends at once: open and hanging connections are destroyed. */
  close(): Promise<void>;
}

/**
 * Starts a stand-in. Rejects with the error of `listen` (EADDRINUSE, EACCES, …), or with one that says what is wrong
 * with a folder.
 */
export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const { folder, seedFolder } = options;
  const seeds = [
    ...((options.seed ?? true) ? [BUILT_IN_SEED] : []),
    ...(seedFolder === undefined ? [] : [await readSeedFolder(seedFolder)]),
  ];
  const stores = folder === undefined ? storesInMemory() : await openStores(folder);
  const world: World = {
    ...stores,
    sessions: new Sessions(),
    faults: new FaultBook(options.random ?? Math.random),
    calls: new CallLog(),
    invocations: new Invocations(),
    executeApiLimits: { ...EXECUTE_API_LIMITS, ...options.executeApiLimits },
    now: options.now ?? Date.now,
  };
  const controls = makeControls(world, seeds);
  try {
    if (folder === undefined || !isKeptIn(folder)) controls.reset();
    const server = await listen({
      world,
      controls,
      host: options.host ?? "127.0.0.1",
      port: options.port ?? 0,
      log: options.log ?? (() => {}),
    });
    const close = async () => {
      await server.close();
      await stores.close();
    };
    return { ...controls, ...server, close };
  } catch (error) {
    await stores.close();
    throw error;
  }
}
