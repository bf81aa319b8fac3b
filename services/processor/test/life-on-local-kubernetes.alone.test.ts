/** The life of a job where its command really runs: a real database, and local-kubernetes with its scheduler and kubelets. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startLocalKubernetes } from "@airlock/local-kubernetes";
import { createKubeCluster, keepAccess } from "../src/cluster/index.ts";
import { openWorld, startPostgres, work } from "./world.ts";

const IMAGE = "example.com/image:1";
const postgres = await startPostgres();
const world = await openWorld(postgres);
const local = await startLocalKubernetes({
  nodes: ["h100-1", "h100-2"].map((name) => ({
    name,
    labels: { GpuType: "h100" },
    taints: [{ key: "nvidia.com/gpu", effect: "NoSchedule" }],
    allocatable: { "nvidia.com/gpu": "8", cpu: "192", memory: "2Ti" },
  })),
});
const cluster = createKubeCluster({
  access: keepAccess(async () => ({ server: local.url, tls: {}, authorization: undefined })),
  namespace: "jobs",
  timeoutMs: 500,
  followRules: { watchMs: 1000, silentMs: 200, firstWaitMs: 10 },
});
const processors = [work(world, cluster), work(world, cluster)];
after(async () => {
  await Promise.all(processors.map((processor) => processor.stop()));
  await cluster.close();
  await local.close();
  await world.store.close();
  await postgres.stop();
});

const left = () => [...local.objects.all("pods"), ...local.objects.all("secrets")];

test("its output comes back, with its variables byte for byte", async () => {
  const words = '\'; echo broken "$(date)" $$ $(WORDS)\n`é`';
  const jobId = await world.submit({
    image: IMAGE,
    command: "echo hello; printf %s \"$WORDS\"; echo '$$ $(WORDS)'",
    variables: { WORDS: words },
  });
  const { pod_logs } = await world.until(jobId, "completed");
  assert.match(pod_logs ?? "", /^airlock: the image example\.com\/image:1 is not run here/);
  assert.ok(pod_logs?.includes(`\nhello\n${words}$$ $(WORDS)\n`), pod_logs ?? "");
  assert.deepEqual(left(), []);
});

test("its exit code is told", async () => {
  const jobId = await world.submit({ image: IMAGE, command: "echo last words; exit 3" });
  const row = await world.until(jobId, "failed");
  assert.match(row.failure_reason ?? "", /exit code 3[\s\S]*last words/);
});

test("memory that was short is told", async () => {
  const jobId = await world.submit({ image: IMAGE, command: "sleep 600" });
  const { pod_name } = await world.until(jobId, "active");
  local.pods.outOfMemory("jobs", pod_name ?? "");
  const row = await world.until(jobId, "failed");
  assert.match(row.failure_reason ?? "", /memory/i);
});

test("through lost and late answers, 429, 500 and watches that end, each job has one pod and nothing is left", async () => {
  local.requests.reset();
  // each so many times and no more, so that no job waits for long
  local.faults.set([
    { fault: "lostAnswer", rate: 0.2, count: 6 },
    { fault: "lostRequest", rate: 0.1, count: 3 },
    { fault: "lateAnswer", delayMs: 700, rate: 0.1, count: 3 },
    { fault: "error", rate: 0.2, count: 6 },
    { fault: "throttle", verb: "create", rate: 0.2, count: 2 },
    { fault: "dropWatch", afterEvents: 3, rate: 0.5, count: 5 },
    { fault: "gone", rate: 0.2, count: 3 },
  ]);
  const jobs: string[] = [];
  for (let count = 0; count < 8; count++) {
    jobs.push(await world.submit({ image: IMAGE, command: `echo ${count}` }));
  }
  for (const job of jobs) await world.until(job, "completed");
  local.faults.clear();
  const made = local.requests.creations("pods").map(({ name }) => name);
  assert.equal(new Set(made).size, jobs.length);
  assert.equal(made.length, jobs.length);
  assert.deepEqual(left(), []);
});
