/** The processor that holds a job dies, with the lease as it is shipped: how soon another one goes on. */
import { startPlayedCluster } from "../rig/jobs-cluster.ts";
import { startProcessors } from "../rig/processors.ts";
import { percentile, until } from "../rig/waiting.ts";
import { duration, type Scenario, type SizeName, type Stage } from "../scenario.ts";

/** Lanes beside each other, and deaths in each. */
const SIZES = {
  test: { lanes: 1, deaths: 1, leaseSeconds: 2 },
  soak: { lanes: 2, deaths: 10, leaseSeconds: 30 },
} as const;
/** Beyond the lease: a start, and a look at the cluster. */
const SPARE_MS = 5000;

export const processorRecovery: Scenario = {
  name: "processor-recovery",
  how: "two processors with the shipped lease of 30 s (2 s in tests) are killed with -9 while one holds a job and waits for the API server, and another one is started: 2 times 10 deaths (1), from the death to the job's end",
  isSoakOnly: true,
  run,
};

async function run(size: SizeName, stage: Stage): Promise<void> {
  const { lanes, deaths, leaseSeconds } = SIZES[size];
  const all = await Promise.all(
    Array.from({ length: lanes }, () => measure(stage, deaths, leaseSeconds)),
  );
  const times = all.flat();
  const of = `${times.length} deaths, a lease of ${leaseSeconds} s`;
  const limitMs = leaseSeconds * 1000 + SPARE_MS;
  stage.within("a job ends after its processor's death", limitMs, Math.max(...times), of);
  stage.note("the same, median", of, duration(percentile(times, 0.5)));
}

async function measure(stage: Stage, deaths: number, leaseSeconds: number): Promise<number[]> {
  const cluster = await startPlayedCluster(stage, { nodes: 1 });
  const rig = await startProcessors(stage, cluster, leaseSeconds);
  const times: number[] = [];
  for (let index = 0; index < deaths; index++) {
    const both = await Promise.all([rig.startOne(), rig.startOne()]);
    await cluster.setFaults([{ fault: "hang", verb: "create", kind: "pods" }]);
    const jobId = `job-${String(index).padStart(8, "0")}`;
    await rig.submit({ jobId, command: "exit 0", gpus: 1 });
    const isAsked = async () =>
      (await cluster.requests()).some(
        ({ verb, kind, status, ms }) =>
          verb === "create" && kind === "pods" && status === null && ms === null,
      );
    await until("somebody holds the job, and waits for the API server", isAsked);
    for (const one of both) one.signal("SIGKILL");
    const diedMs = performance.now();
    await cluster.setFaults([]);
    await Promise.all(both.map(({ exited }) => exited));
    const third = await rig.startOne();
    const left = "SELECT FROM reservations WHERE cleaned_at IS NULL";
    const isOver = async () => (await rig.store.pool.query(left)).rows.length === 0;
    await until("the job is over", isOver, 5 * (leaseSeconds * 1000 + SPARE_MS), 50);
    times.push(performance.now() - diedMs);
    third.signal("SIGKILL");
    await third.exited;
  }
  return times;
}
