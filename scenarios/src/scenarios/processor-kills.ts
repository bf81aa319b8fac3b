/** Processors are killed and stopped at any moment, the database and the cluster falter: each job runs once, and nothing is left. */
import { type Sent, sendCrowd } from "../rig/job-crowd.ts";
import {
  type JobsCluster,
  type PlayedJobsCluster,
  startPlayedCluster,
} from "../rig/jobs-cluster.ts";
import { jobLaws, type Law, overbooked } from "../rig/jobs-model.ts";
import {
  processorTrouble,
  type TroubleOptions,
  type TroubleSize,
} from "../rig/processor-trouble.ts";
import { type ProcessorsRig, startProcessors } from "../rig/processors.ts";
import { sleep, until } from "../rig/waiting.ts";
import { duration, type Scenario, type SizeName, type Stage } from "../scenario.ts";

export interface KillSize extends TroubleSize {
  readonly jobs: number;
  /** Share of the API server's calls that each fault hits. */
  readonly rate: number;
}

export const SIZES: Readonly<Record<SizeName, KillSize>> = {
  test: { jobs: 12, kills: 3, naps: 1, restarts: 1, rate: 0.02 },
  soak: { jobs: 2000, kills: 1000, naps: 300, restarts: 10, rate: 0.02 },
};
const REPLICAS = 2;
const NODES = 16;
const LEASE_SECONDS = 2;
export const TROUBLE: TroubleOptions = { replicas: REPLICAS, napMs: 3000, lifeMs: 1200 };
/** For leases to end, for what is tried again, and twice for a sweep whose processor was killed. */
const TAIL_MS = 300_000;

export const processorKills: Scenario = {
  name: "processor-kills",
  how: `two processors with a lease of ${LEASE_SECONDS} s, 2,000 jobs of 1 to 8 GPUs (12 in tests) on ${NODES} nodes that end, fail, are extended or cancelled, and come all the while; kill -9 at random moments 1,000 times (3), SIGSTOP for ${TROUBLE.napMs / 1000} s 300 times (1), Postgres restarted 10 times (1), the API server taking 50 ms for each call, and answering 2 % each with 429, with 500, late, later than the lease, not at all, or doing them late, watches dropped and 410 in both shapes`,
  run: async (size, stage) => void (await killProcessors(stage, SIZES[size])),
};

export interface KillRun {
  readonly rig: ProcessorsRig;
  readonly cluster: PlayedJobsCluster;
  readonly sent: Sent;
}

export async function killProcessors(stage: Stage, size: KillSize): Promise<KillRun> {
  const cluster = await startPlayedCluster(stage, { nodes: NODES });
  const rig = await startProcessors(stage, cluster, LEASE_SECONDS);
  const { rate } = size;
  await cluster.setFaults([
    // jobs are in somebody's hands for longer
    { fault: "slow", delayMs: 50 },
    { fault: "throttle", rate, retryAfterSeconds: 1 },
    { fault: "error", rate },
    { fault: "lostAnswer", rate },
    { fault: "lateAnswer", rate, delayMs: 1000 },
    { fault: "lateAnswer", rate, delayMs: 1000 * LEASE_SECONDS + 500 },
    { fault: "slow", rate, delayMs: 1000 },
    { fault: "lostRequest", rate },
    { fault: "dropWatch", rate: 0.2, afterEvents: 20 },
    { fault: "gone", rate: 0.05, verb: "watch" },
    { fault: "gone", rate: 0.05, verb: "watch", how: "status" },
  ]);
  const sent = await troubled(stage, rig, size, { ...TROUBLE, also: cluster.forgetChanges });
  await cluster.setFaults([]);
  await checkLaws(stage, rig, cluster, sent);
  return { rig, cluster, sent };
}

/** Resolves when the trouble is over, and all jobs are. */
export async function troubled(
  stage: Stage,
  rig: ProcessorsRig,
  size: Pick<KillSize, "jobs" | keyof TroubleSize>,
  options: TroubleOptions,
): Promise<Sent> {
  const { pool } = rig.store;
  const startedMs = performance.now();
  const sent: Sent = { ends: new Map(), orders: new Set() };
  const trouble = processorTrouble(stage, rig, size, options);
  const watching = watchBookings(rig);
  await Promise.all([
    sendCrowd(rig, sent, { jobs: size.jobs, progress: trouble.progress }),
    trouble.make(),
  ]);
  const isOver = async () =>
    (await pool.query("SELECT FROM reservations WHERE cleaned_at IS NULL LIMIT 1")).rows.length ===
    0;
  const tailMs = await until("every job is over", isOver, TAIL_MS, 200);
  const { looks, found } = await watching.end();
  stage.check(
    "nodes with more booked than they have",
    "0",
    found.length === 0,
    `${looks} looks`,
    list(found),
  );
  stage.note("time for all of it", `${size.jobs} jobs`, duration(performance.now() - startedMs));
  stage.note(
    "time from the last trouble to the last job's end",
    `${size.jobs} jobs`,
    duration(tailMs),
  );
  return sent;
}

const LOOK_EVERY_MS = 250;

function watchBookings({ store }: ProcessorsRig) {
  const found: string[] = [];
  let [looks, isOver] = [0, false];
  const watching = (async () => {
    for (; !isOver; await sleep(LOOK_EVERY_MS)) {
      // the database is away now and then
      const over = await overbooked(store.pool).catch(() => undefined);
      if (over === undefined) continue;
      looks++;
      found.push(...over);
    }
  })();
  return {
    async end() {
      isOver = true;
      await watching;
      return { looks, found };
    },
  };
}

export async function checkLaws(
  stage: Stage,
  { store }: ProcessorsRig,
  cluster: JobsCluster,
  sent: Sent,
): Promise<void> {
  // garbage is collected a moment later, and what a sleeper has made is swept
  const isEmpty = async () => (await cluster.left()).length === 0;
  await until("nothing is left", isEmpty, TAIL_MS, 200).catch(() => {});
  for (const { what, broken } of await jobLaws(store.pool, cluster, sent)) {
    stage.check(what, "0", broken.length === 0, `${sent.ends.size} jobs`, list(broken));
  }
}

const SHOWN = 5;

const list = (found: Law["broken"]): string =>
  found.length === 0 ? "0" : `${found.length}: ${found.slice(0, SHOWN).join(", ")}`;
