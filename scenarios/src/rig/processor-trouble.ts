/** Trouble for processors: killed at any moment, stopped beyond their lease, their database restarted under them. */
import type { Stage } from "../scenario.ts";
import type { ProcessorsRig } from "./processors.ts";
import { sleep } from "./waiting.ts";

export interface TroubleSize {
  readonly kills: number;
  readonly naps: number;
  readonly restarts: number;
}

export interface Trouble {
  /** What has been done of it, 0 to 1. */
  progress(): number;
  /** Resolves when all has been done; as many processors are left alive as there were. */
  make(): Promise<void>;
}

export interface TroubleOptions {
  readonly replicas: number;
  /** Beyond the lease: whoever wakes up has lost what it held. */
  readonly napMs: number;
  /** A processor lives up to so long once it is ready; one in ten does not get there. */
  readonly lifeMs: number;
  /** Once in a while, with the rest. */
  readonly also?: () => Promise<void>;
}

const MODES = ["fast", "immediate", "kill"] as const;
/** Deaths between two calls of `also`. */
const ALSO_EVERY = 10;

export function processorTrouble(
  stage: Stage,
  rig: ProcessorsRig,
  size: TroubleSize,
  { replicas, napMs, lifeMs, also = async () => {} }: TroubleOptions,
): Trouble {
  const { kills, naps, restarts } = size;
  const done = { kills: 0, naps: 0, restarts: 0 };
  const held = { deaths: 0, naps: 0 };
  // a run that fails leaves nobody behind who starts processors
  let isStopped = false;
  let underWay: Promise<unknown> = Promise.resolve();
  stage.defer(() => {
    isStopped = true;
    return underWay;
  });
  const progress = () => (isStopped ? 1 : (done.kills + done.naps) / (kills + naps));
  /** Whether somebody holds a job; what is not known is none. */
  const isHeld = async (): Promise<boolean> => {
    const sql = "SELECT FROM reservations WHERE lease_until > now() LIMIT 1";
    return (await rig.store.pool.query(sql).catch(() => ({ rows: [] }))).rows.length > 0;
  };
  const begin = () => rig.startOne(Math.random() < 0.1 ? "/livez" : "/readyz");
  const replica = async (index: number) => {
    let current = await begin();
    while (!isStopped && (done.kills < kills || done.naps < naps)) {
      await sleep(Math.random() * lifeMs);
      if (done.naps < naps && done.naps * kills <= done.kills * naps) {
        done.naps++;
        current.signal("SIGSTOP");
        if (await isHeld()) held.naps++;
        await sleep(napMs);
        current.signal("SIGCONT");
      } else if (done.kills < kills) {
        done.kills++;
        current.signal("SIGKILL");
        if (await isHeld()) held.deaths++;
        await current.exited;
        current = await begin();
        if (done.kills % 50 === 0) stage.progress(`${done.kills} kills, ${done.naps} naps`);
        if (done.kills % ALSO_EVERY === 0) await also();
      }
      if (index === 0 && done.restarts < Math.floor(progress() * (restarts + 0.5))) {
        await rig.postgres.restart(MODES[done.restarts++ % MODES.length] ?? "kill");
      }
    }
  };
  return {
    progress,
    async make() {
      const all = Array.from({ length: replicas }, (_, index) => replica(index));
      underWay = Promise.allSettled(all);
      await Promise.all(all);
      const made = `${done.kills} kills, ${done.naps} naps, ${done.restarts} restarts of Postgres`;
      stage.note("troubles", `${replicas} processors`, made);
      const asHeld = `${held.deaths} kills, ${held.naps} naps`;
      stage.note("of these, while a job was held by somebody", `${replicas} processors`, asHeld);
    },
  };
}
