/** The service whole: HTTP, a real database, and the cluster that laptops have; commands really run. */
import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { loadSettings } from "@airlock/config";
import { createLogger, createMetrics } from "@airlock/http";
import { startLocalKubernetes } from "@airlock/local-kubernetes";
import { buildApp } from "../src/app.ts";
import { createKubeCluster, keepAccess } from "../src/cluster/index.ts";
import { LOOPS } from "../src/processor.ts";
import { processorMetrics } from "../src/processor-metrics.ts";
import { settingsSchema } from "../src/settings.ts";
import { openWorld, startPostgres, work } from "./world.ts";

const postgres = await startPostgres();
const world = await openWorld(postgres);
const node = (name: string) => ({
  name,
  labels: { GpuType: "h100" },
  allocatable: { "nvidia.com/gpu": "2" },
});
const token = "a-token-of-this-test-alone";
const local = await startLocalKubernetes({
  namespaces: ["gpu-dev"],
  nodes: [node("n1"), node("n2")],
  tokens: [token],
});
const settings = loadSettings(settingsSchema, {
  ENVIRONMENT: "dev",
  DATABASE_URL: "postgresql://localhost/none",
  LOG_LEVEL: "silent",
});
const logger = createLogger(settings, { write() {} });
const metrics = createMetrics(settings);
const { onCall, ...observed } = processorMetrics(metrics);
const cluster = createKubeCluster({
  access: keepAccess(async () => ({
    server: local.url,
    tls: {},
    authorization: `Bearer ${token}`,
  })),
  namespace: "gpu-dev",
  onCall,
});
const processor = work(world, cluster, observed);
const app = await buildApp(settings, { store: world.store, cluster, processor, logger, metrics });
await app.listen({ host: "127.0.0.1", port: 0 });
after(async () => {
  await app.close();
  await processor.stop();
  await cluster.close();
  await Promise.all([local.close(), world.store.close()]);
  await postgres.stop();
});
const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
const get = async (path: string) => {
  const response = await fetch(url + path);
  return { status: response.status, text: await response.text() };
};
test("the pod of a plan is the pod that would be made, and nothing is", async () => {
  const asked = {
    ...{ job_id: "planned-0001", pod_name: "gpu-dev-planned", node_name: null, image: "a:1" },
    ...{ owner: "alice", name: null, has_command: true, keep: false, gpus: 2, gpu_type: "h100" },
    ...{ cpu_millis: 1000, memory_mib: 1024, disk_id: null },
  };
  const response = await fetch(`${url}/internal/pod-plan`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(asked),
  });
  assert.equal(response.status, 200);
  const { pod } = (await response.json()) as { pod: { spec: Record<string, unknown> } };
  assert.equal(pod.spec.affinity, undefined, "it has no node yet");
  const [container] = pod.spec.containers as [{ image: string; resources: { limits: object } }];
  assert.deepEqual(
    [container.image, container.resources.limits],
    ["a:1", { memory: "1024Mi", "nvidia.com/gpu": "2" }],
  );
  assert.equal(await podsLeft(), 0);
});

const podsLeft = async () => (await cluster.list("pods")).length;

test("it is ready once it has seen the cluster", async () => {
  for (let tries = 0; (await get("/readyz")).status !== 200; tries++) {
    assert.ok(tries < 200, (await get("/health")).text);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const health = JSON.parse((await get("/health")).text);
  assert.deepEqual([health.status, health.cluster], ["healthy", "healthy"]);
});

test("a command really runs; its log is told meanwhile, and kept", async () => {
  const jobId = await world.submit({
    image: "x.example.com/a:1",
    command: 'echo "hello $NAME"; sleep 1; echo bye',
    variables: { NAME: "wörld" },
  });
  await world.until(jobId, "active");
  for (
    let tries = 0;
    !/hello wörld/.test((await get(`/internal/jobs/${jobId}/logs`)).text);
    tries++
  ) {
    assert.ok(tries < 100, (await get(`/internal/jobs/${jobId}/logs`)).text);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const row = await world.until(jobId, "completed");
  assert.match(row.pod_logs ?? "", /hello wörld\nbye\n$/);
  const { status, text } = await get(`/internal/jobs/${jobId}/logs?tail=1`);
  assert.deepEqual([status, text], [200, "bye\n"]);
  assert.equal(await podsLeft(), 0);
  assert.equal(local.requests.creations("pods").length, 1);
});

test("of a long log the newest is told, while the job runs and when it is over", async () => {
  const command = "seq -f 'line %07g of a log that is rather long' 60000; echo NEWEST; sleep 1";
  const jobId = await world.submit({ image: "x.example.com/a:1", command });
  const read = async () => (await get(`/internal/jobs/${jobId}/logs`)).text;
  let text = "";
  for (let tries = 0; !text.endsWith("NEWEST\n"); tries++, text = await read()) {
    assert.ok(tries < 500, text.slice(-200));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.match(text, /^line \d{7} of/);
  assert.ok(text.length > 1_000_000 && text.length <= 1024 * 1024, String(text.length));
  const { pod_logs: kept } = await world.until(jobId, "completed");
  assert.match(kept ?? "", /^line \d{7} of .*NEWEST\n$/s);
  assert.ok((kept ?? "").length > 256_000, String(kept?.length));
});

test("an exit code is the job's end; a job without a node waits, and says why", async () => {
  const large = await world.submit({ gpus: 8, image: "x.example.com/a:1" });
  const failing = await world.submit({ command: "echo why; exit 3", image: "x.example.com/a:1" });
  const { failure_reason } = await world.until(failing, "failed");
  assert.match(failure_reason ?? "", /exit code 3\. Its last lines:\n.*why$/s);
  const waiting = await world.job(large);
  assert.match(waiting.current_detailed_status ?? "", /no node at present has more than 2/);
  await world.order(large, "cancel");
  await world.until(large, "cancelled");
});

test("a box is cancelled while it runs, and is gone", async () => {
  const jobId = await world.submit({ image: "x.example.com/a:1" });
  await world.until(jobId, "active");
  await world.order(jobId, "cancel");
  await world.until(jobId, "cancelled");
  assert.equal(await podsLeft(), 0);
});

test("each loop tells when it last came to its end, also a loop that never did", async () => {
  let nowMs = 0;
  const own = createMetrics(settings);
  const { onRound, onCall: _, ...told } = processorMetrics(own, () => nowMs);
  const worker = work(world, cluster, {
    ...told,
    onRound: (loop) => loop !== "duties" && onRound(loop),
  });
  const ages = async () =>
    Object.fromEntries(
      [...(await own.registry.metrics()).matchAll(/round_age_seconds\{loop="(.*)"\} (.*)/g)].map(
        ([, loop, seconds]) => [loop, Number(seconds)],
      ),
    );
  try {
    nowMs = 400_000;
    const expected = Object.fromEntries(LOOPS.map((loop) => [loop, loop === "duties" ? 400 : 0]));
    for (let tries = 0; !isDeepStrictEqual(await ages(), expected); tries++) {
      assert.ok(tries < 200, JSON.stringify(await ages()));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } finally {
    await worker.stop();
  }
});

test("logs of a job that nobody knows are 404; metrics tell what was done", async () => {
  for (const id of ["unknown-0001", "%00", "a%00b-0001"]) {
    for (const path of ["logs", "logs/follow?key=x"]) {
      assert.equal((await get(`/internal/jobs/${id}/${path}`)).status, 404, `${id} ${path}`);
    }
  }
  const text = await metrics.registry.metrics();
  assert.match(text, /airlock_orders_total\{action="create",outcome="done"\} [1-9]/);
  assert.match(text, /airlock_job_steps_total\{step="finish",outcome="done"\} [1-9]/);
  assert.match(
    text,
    /airlock_kubernetes_call_duration_seconds_count\{verb="create",kind="pods",outcome="ok"\} [1-9]/,
  );
});
