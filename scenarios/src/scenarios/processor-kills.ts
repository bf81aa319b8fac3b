/** Processors are killed and stopped at any moment, the database and the cluster falter: each job runs once, and nothing is left. */
import type { Store } from "@airlock/jobs-store";
import { type ProcessorsRig, QUEUE, startProcessors } from "../rig/processors.ts";
import type { ServiceProcess } from "../rig/service-process.ts";
import { percentile, sleep, until } from "../rig/waiting.ts";
import { duration, type Scenario, type SizeName, type Stage } from "../scenario.ts";

const SIZES = {
  test: { jobs: 40, kills: 10, naps: 4, restarts: 1, recoveries: 1 },
  soak: { jobs: 2000, kills: 1000, naps: 300, restarts: 10, recoveries: 20 },
} as const;
const REPLICAS = 2;
const LEASE_SECONDS = 2;
/** Beyond the lease: whoever wakes up has lost what it held. */
const NAP_MS = 3000;
const SHIPPED_LEASE_SECONDS = 30;
const RECOVERY_MS = 35_000;
const RATE = 0.02;
const MODES = ["fast", "immediate", "kill"] as const;

export const processorKills: Scenario = {
  name: "processor-kills",
  how: `two processors with a lease of ${LEASE_SECONDS} s, 2,000 jobs of 1 to 8 GPUs (40 in tests) that end, fail, or are cancelled; kill -9 at random moments 1,000 times (10), SIGSTOP beyond the lease 300 times (4), Postgres restarted 10 times (1), the API server answering ${RATE * 100} % of the calls with 429, 500, late or not at all, watches dropped and 410; then a kill with the shipped lease, 20 times (1)`,
  isSoakOnly: true,
  run,
};

async function run(size: SizeName, stage: Stage): Promise<void> {
  const { jobs, recoveries } = SIZES[size];
  const rig = await startProcessors(stage, { nodes: 16, leaseSeconds: LEASE_SECONDS });
  rig.cluster.faults.set([
    { fault: "throttle", rate: RATE, retryAfterSeconds: 1 },
    { fault: "error", rate: RATE },
    { fault: "lostAnswer", rate: RATE },
    { fault: "lateAnswer", rate: RATE, delayMs: 1000 },
    { fault: "lostRequest", rate: RATE },
    { fault: "dropWatch", rate: 0.2, afterEvents: 20 },
    { fault: "gone", rate: 0.05, verb: "watch" },
  ]);
  const startedMs = performance.now();
  const [accepted] = await Promise.all([submitAll(rig, jobs), makeTrouble(size, stage, rig)]);
  await until("every job is over", async () => (await left(rig.store)) === 0, 600_000, 200);
  stage.note("time for all of it", `${jobs} jobs`, duration(performance.now() - startedMs));
  rig.cluster.faults.set([]);
  await check(stage, rig, accepted);
  await measureRecovery(stage, recoveries);
}

/** The index says what becomes of a job. */
const KINDS = [
  { command: "exit 0", status: "completed" },
  { command: "sleep 0.2", status: "completed" },
  { command: "exit 3", status: "failed" },
  { command: "sleep 600", status: "cancelled" },
] as const;
const GPUS = [1, 1, 2, 1, 4, 1, 2, 8] as const;

async function submitAll(rig: ProcessorsRig, count: number): Promise<string[]> {
  const accepted: string[] = [];
  for (let index = 0; index < count; index++) {
    const { command, status } = KINDS[index % KINDS.length] ?? KINDS[0];
    const gpus = GPUS[index % GPUS.length] ?? 1;
    const insist = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      for (let tries = 0; ; tries++) {
        try {
          return await work();
        } catch (error) {
          // the database is being restarted
          if (tries > 100) throw error;
          await sleep(100);
        }
      }
    };
    const jobId = await insist(() => rig.submit(command, gpus));
    accepted.push(jobId);
    if (status === "cancelled") await insist(() => rig.order(jobId, "cancel"));
  }
  return accepted;
}

async function makeTrouble(size: SizeName, stage: Stage, rig: ProcessorsRig): Promise<void> {
  const { kills, naps, restarts } = SIZES[size];
  const done = { kills: 0, naps: 0, restarts: 0 };
  const replica = async (index: number) => {
    let current: ServiceProcess = await rig.startOne("/livez");
    while (done.kills < kills || done.naps < naps) {
      await sleep(50 + Math.random() * 1500);
      if (done.naps < naps && done.naps * kills <= done.kills * naps) {
        done.naps++;
        current.signal("SIGSTOP");
        await sleep(NAP_MS);
        current.signal("SIGCONT");
      } else {
        done.kills++;
        current.signal("SIGKILL");
        await current.exited;
        current = await rig.startOne("/livez");
        if (done.kills % 50 === 0) stage.progress(`${done.kills} kills, ${done.naps} naps`);
      }
      const isDue = index === 0 && done.restarts * kills < (done.kills - 1) * restarts;
      if (isDue && done.restarts < restarts) {
        await rig.postgres.restart(MODES[done.restarts++ % MODES.length] ?? "kill");
      }
    }
  };
  await Promise.all(Array.from({ length: REPLICAS }, (_, index) => replica(index)));
  stage.note(
    "troubles",
    `${REPLICAS} replicas`,
    `${done.kills} kills, ${done.naps} naps, ${done.restarts} restarts of Postgres`,
  );
}

const left = async ({ pool }: Store): Promise<number> => {
  const sql = "SELECT count(*)::integer AS count FROM reservations WHERE cleaned_at IS NULL";
  return (await pool.query<{ count: number }>(sql)).rows[0]?.count ?? 0;
};

async function check(stage: Stage, rig: ProcessorsRig, accepted: string[]): Promise<void> {
  const { store, cluster } = rig;
  const numberOf = async (sql: string) =>
    (await store.pool.query<{ count: number }>(`SELECT count(*)::integer AS count FROM ${sql}`))
      .rows[0]?.count ?? -1;
  const zero = (what: string, number: number) =>
    stage.check(what, "0", number === 0, `${accepted.length} jobs`, `${number}`);
  const ends = await store.pool.query<{ command: string; status: string; count: number }>(
    "SELECT command, status, count(*)::integer AS count FROM reservations GROUP BY 1, 2",
  );
  const wrong = ends.rows.filter(({ command, status }) =>
    KINDS.every((kind) => kind.command !== command || kind.status !== status),
  );
  for (const row of wrong) stage.progress(JSON.stringify(row));
  const found = await store.pool.query(
    "SELECT FROM reservations WHERE reservation_id = ANY ($1::text[]) AND cleaned_at IS NOT NULL",
    [accepted],
  );
  zero("jobs that were lost", accepted.length - found.rows.length);
  zero(
    "jobs that ended otherwise than they should",
    wrong.reduce((sum, { count }) => sum + count, 0),
  );
  const made = cluster.requests
    .creations("pods")
    .map(({ name, labels }) => `${name} ${labels["airlock/generation"]}`);
  zero(
    "pods that were created twice, by the API server's own log",
    made.length - new Set(made).size,
  );
  zero("pods and Secrets that are left", await leftOver(cluster));
  zero("bookings that are left", await numberOf("job_pods WHERE released_at IS NULL"));
  zero(
    "orders that wait still, or are dead",
    (await numberOf(`pgmq.q_${QUEUE}`)) + (await numberOf("dead_orders")),
  );
  zero(
    "orders that were carried out twice",
    await numberOf(`(SELECT FROM pgmq.a_${QUEUE} GROUP BY msg_id HAVING count(*) > 1) twice`),
  );
  zero(
    "cancellations that were told twice",
    await numberOf(
      "(SELECT FROM job_events WHERE kind = 'cancel_requested' GROUP BY reservation_id HAVING count(*) > 1) twice",
    ),
  );
  zero(
    "gaps in the numbers of events",
    await numberOf(
      "(SELECT FROM job_events GROUP BY reservation_id HAVING max(seq) <> count(*)) gaps",
    ),
  );
}

/** The garbage collector has its turn. */
async function leftOver(cluster: ProcessorsRig["cluster"]): Promise<number> {
  const count = () => cluster.objects.all("pods").length + cluster.objects.all("secrets").length;
  await until("nothing is left", () => count() === 0, 70_000, 200).catch(() => {});
  return count();
}

/** From the death of the one that holds a job to the job's next step. */
async function measureRecovery(stage: Stage, count: number): Promise<void> {
  const rig = await startProcessors(stage, { nodes: 1, leaseSeconds: SHIPPED_LEASE_SECONDS });
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const [first, second] = [await rig.startOne(), await rig.startOne()];
    rig.cluster.faults.set([{ fault: "hang", verb: "create", kind: "pods" }]);
    rig.cluster.requests.reset();
    await rig.submit("exit 0", 1);
    const isAsked = () =>
      rig.cluster.requests
        .list()
        .some(({ verb, kind, status }) => verb === "create" && kind === "pods" && status === null);
    await until("somebody holds the job, and waits for the API server", isAsked);
    for (const one of [first, second]) one.signal("SIGKILL");
    const diedMs = performance.now();
    rig.cluster.faults.set([]);
    const third = await rig.startOne();
    const isOver = async () => (await left(rig.store)) === 0;
    await until("the job is over", isOver, 5 * RECOVERY_MS, 100);
    times.push(performance.now() - diedMs);
    third.signal("SIGKILL");
    await third.exited;
  }
  const of = `${count} kills, a lease of ${SHIPPED_LEASE_SECONDS} s`;
  stage.within("a job goes on after its processor's death", RECOVERY_MS, Math.max(...times), of);
  stage.note("the same, median", of, duration(percentile(times, 0.5)));
}
