/** What a built gateway holds: some time after its start, and at most while it is under load. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CASES, CONNECTIONS, MANY_CONNECTIONS } from "./cases.ts";
import type { Memory } from "./child.ts";
import type { Load } from "./load/load.ts";
import { startGateway } from "./proxies/gateway.ts";
import type { RunningProxy } from "./proxies/proxy.ts";

/** After the start, without a request but the first. */
export const IDLE_MS = 30_000;
/** Under load, in slots shorter than a connection lives. */
export const LOAD_MS = 60_000;
const SLOT_MS = 20_000;
const SAMPLE_MS = 100;

export interface MemoryUse {
  readonly idle: Memory | undefined;
  readonly peakAtFew: Memory | undefined;
  readonly peakAtMany: Memory | undefined;
}

export interface IdleGateway {
  /** Waits until it has been idle for long enough, loads it and another one, and ends both. */
  measure(load: Load): Promise<MemoryUse>;
  stop(): Promise<void>;
}

/** Where one is started: whose checkout, in front of which upstream. */
interface Place {
  readonly name: string;
  readonly root: string;
  readonly upstreamPort: number;
  readonly directory: string;
}

/** Starts what will be measured once the time has passed, so that other work can be done meanwhile. */
export async function startIdle(place: Place): Promise<IdleGateway> {
  build(place.root);
  const start = () =>
    startGateway({
      ...place,
      name: `${place.name}-built`,
      isBuilt: true,
    });
  const first = await start();
  const startedAt = performance.now();
  return {
    async measure(load) {
      await sleep(Math.max(0, IDLE_MS - (performance.now() - startedAt)));
      const idle = first.child.memory();
      const peakAtFew = await peak(first, load, CONNECTIONS);
      await first.child.stop();
      const second = await start();
      const peakAtMany = await peak(second, load, MANY_CONNECTIONS);
      await second.child.stop();
      return { idle, peakAtFew, peakAtMany };
    },
    stop: () => first.child.stop(),
  };
}

function build(root: string): void {
  const { status } = spawnSync(
    process.execPath,
    [join(root, "node_modules/typescript/bin/tsc"), "-b", "services/gateway"],
    {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
    },
  );
  if (status !== 0) throw new Error(`${root} cannot be built`);
}

async function peak(
  { port, prefix, child }: RunningProxy,
  load: Load,
  connections: number,
): Promise<Memory | undefined> {
  const [what] = CASES;
  if (!what) throw new Error("there is no load");
  const most = { residentMb: 0, anonymousMb: 0 };
  const sampling = setInterval(() => {
    const now = child.memory();
    most.residentMb = Math.max(most.residentMb, now?.residentMb ?? 0);
    most.anonymousMb = Math.max(most.anonymousMb, now?.anonymousMb ?? 0);
  }, SAMPLE_MS);
  try {
    const endsAt = performance.now() + LOAD_MS;
    for (let leftMs = LOAD_MS; leftMs > 0; leftMs = endsAt - performance.now()) {
      const durationMs = Math.min(SLOT_MS, leftMs);
      // on a busy machine it may shed load now and then, which holds no memory
      await load.run({ port, prefix, what, durationMs, connections }).catch(() => sleep(SAMPLE_MS));
    }
  } finally {
    clearInterval(sampling);
  }
  return most.residentMb === 0 ? undefined : most;
}
