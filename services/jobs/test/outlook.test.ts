/** Why, when and what if; quotas at the door: by the API, with nodes that somebody has seen. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import {
  bookPod,
  deleteQuota,
  liftCordon,
  moveJob,
  readStarts,
  type SeenNode,
  setCordon,
  setQuota,
  writeNodes,
} from "@airlock/jobs-store";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { countOf, type JobsRig, SEED_JOB, startJobs, startWorld } from "./harness.ts";

const world = await startWorld();
const H100: SeenNode = {
  name: "gpu-1",
  uid: "u1",
  gpuType: "h100",
  gpus: 8,
  cpuMillis: 96_000,
  memoryMib: 1_000_000,
  slots: 0,
  isReady: true,
  isSchedulable: true,
  address: null,
};
const NOBODY = { userId: null, awsRole: null, gpuType: null };
const NO_LIMITS = { max_gpus: null, max_jobs: null, max_hours: null, max_disks: null };
const { disk_name: _, disk_size_gb: __, ...JOB } = SEED_JOB;
const wanting = (gpus: number, more: object = {}) => ({
  ...JOB,
  env_vars: { GPU_COUNT: String(gpus), RESERVATION_ID: randomUUID() },
  ...more,
});

async function fresh(nodes: readonly SeenNode[] = [H100]) {
  const url = await world.cluster.createDatabase();
  const jobs = await startJobs(world, url);
  await writeNodes(jobs.db, nodes);
  const alice = await jobs.login();
  const submit = (gpus: number, more: object = {}, key = alice) =>
    jobs.ask("POST", "/v1/jobs/submit", { key, body: wanting(gpus, more) });
  const plan = (gpus: number, more: object = {}, key = alice) =>
    jobs.ask("POST", "/v1/jobs/plan", { key, body: wanting(gpus, more) });
  const get = async (path: string, key = alice) => (await jobs.ask("GET", path, { key })).body;
  const explain = (id: string, key = alice) => get(`/v1/jobs/${id}/explain`, key);
  return { url, jobs, alice, submit, plan, get, explain };
}

/** As the processor does, when it gives a job a node and the job starts. */
async function run(jobs: JobsRig, reservationId: string, gpus: number, hours = 4): Promise<void> {
  const event = { kind: "moved", actor: "processor" } as const;
  const set = { generation: 1 };
  await moveJob(jobs.db, { reservationId, from: ["queued"], to: "preparing", set, event });
  await bookPod(jobs.db, {
    ...{ reservationId, generation: 1, namespace: "gpu-dev", podName: reservationId },
    ...{ nodeName: "gpu-1", gpus, cpuMillis: 0, memoryMib: 0, slots: 0 },
  });
  await moveJob(jobs.db, { reservationId, from: ["preparing"], to: "active", event });
  await jobs.db.query(
    "UPDATE reservations SET expires_at = launched_at + $2 * interval '1 hour' WHERE reservation_id = $1",
    [reservationId, hours],
  );
}

test("a job that waits is told why, who has the node until when, its place and its start, by all who tell of it", async () => {
  const { jobs, alice, submit, plan, get, explain } = await fresh();
  const bob = await jobs.login(KNOWN_SESSIONS.otherGpuUser);
  const first = await submit(6);
  const soonMs = Math.abs(Date.parse(first.body.estimated_start_time) - Date.now());
  assert.ok(soonMs < 60_000, first.body.estimated_start_time);
  assert.equal((await explain(first.body.job_id)).reason.code, "starts_now");
  await run(jobs, first.body.job_id, 6);
  const large = (await submit(8, {}, bob)).body.job_id;
  const told = await explain(large, bob);
  assert.equal(told.reason.code, "no_free_node");
  assert.match(
    told.reason.sentence,
    /^Waits for 8 h100 GPUs on one node: none is free\. On gpu-1, alice-example\.com's job [0-9a-f]{8} has 6 until 20..-..-.. ..:.. UTC\. It is the first in line\. It starts by /,
  );
  assert.equal(told.position, 1);
  const startsInMs = Date.parse(told.start.p50) - Date.now();
  assert.ok(startsInMs > 3.9 * 3_600_000 && startsInMs < 4.1 * 3_600_000, told.start.p50);
  assert.ok(Date.parse(told.start.p90) >= Date.parse(told.start.p50));
  const small = (await submit(1)).body.job_id;
  const behind = await explain(small);
  assert.equal(behind.reason.code, "others_first");
  assert.equal(behind.position, 2);
  for (const body of [(await get("/v1/jobs")).jobs[0], await get(`/v1/jobs/${small}`)]) {
    assert.equal(body.queue_position, 2);
    assert.ok(
      body.current_detailed_status.startsWith(behind.reason.sentence),
      body.current_detailed_status,
    );
  }
  const own = await get(`/v1/jobs/${large}`, bob);
  assert.ok(own.estimated_wait_minutes > 230 && own.estimated_wait_minutes < 245);
  const whole = own.current_detailed_status;
  const TIMES = /It starts by (.*?) at the latest.* Likely to start by (.*?)[,.]/;
  const [, latest = "", likely = ""] = TIMES.exec(whole) ?? [];
  assert.ok(latest !== "" && likely <= latest, whole);
  const next = (await plan(2)).body;
  assert.deepEqual([next.admissible, next.would_start_now, next.position], [true, false, 3]);
  assert.equal((await get("/v1/gpu/availability")).availability.h100.available, 0);
  assert.equal(await countOf(jobs.db, "reservations"), 3, "a plan changes nothing");
  assert.equal((await jobs.ask("GET", `/v1/jobs/${large}/explain`, { key: alice })).status, 404);
  assert.equal((await explain(first.body.job_id)).reason.code, "running");
  await jobs.close();
});

test("what an operator has closed is said with the reason, by explain and by plan", async () => {
  const { jobs, submit, plan, explain } = await fresh();
  await setCordon(jobs.db, { gpuType: "h100", reason: "new firmware, until noon", setBy: "root" });
  const { job_id } = (await submit(2)).body;
  const golden =
    "Waits for 2 h100 GPUs on one node: node gpu-1 is closed by an operator: new firmware, until noon.";
  for (const { reason, start } of [await explain(job_id), (await plan(2)).body]) {
    assert.deepEqual([reason.code, reason.sentence, start], ["drained", golden, null]);
  }
  await liftCordon(jobs.db, { gpuType: "h100" });
  assert.equal((await explain(job_id)).reason.code, "starts_now");
  await jobs.close();
});

test("of a job that has its node the processor's words are told, with a code", async () => {
  const { jobs, submit, explain } = await fresh();
  const { job_id: reservationId } = (await submit(1)).body;
  const event = { kind: "moved", actor: "processor" } as const;
  await moveJob(jobs.db, { reservationId, from: ["queued"], to: "preparing", event });
  for (const [words, code, isMended] of [
    [
      "Its pod starts on gpu-1: the image is pulled, unless it is there already.",
      "starting",
      false,
    ],
    ["The image cannot be pulled: manifest unknown", "image", true],
    ["Waits for its node: of the cluster's nodes, 1 is not ready.", "unscheduled", true],
    ["Waits for the volume of its disk, which is being made.", "disk_not_ready", false],
    [
      "Unreachable: its node gpu-1 does not answer. It ends unless the node comes back.",
      "unreachable",
      true,
    ],
  ] as const) {
    const set = { detailedStatus: words };
    await moveJob(jobs.db, { reservationId, from: ["preparing"], set, event });
    const told = await explain(reservationId);
    assert.deepEqual(told.reason, { code, sentence: words });
    assert.equal(told.remedies.length > 0, isMended);
    assert.deepEqual([told.position, told.start], [null, null]);
  }
  const set = { failureReason: "It ran out of memory (it had 5 MiB)." };
  await moveJob(jobs.db, { reservationId, from: ["preparing"], to: "failed", set, event });
  assert.deepEqual((await explain(reservationId)).reason, {
    code: "ended",
    sentence: "It ran out of memory (it had 5 MiB).",
  });
  await jobs.close();
});

test("a plan says what a submission would be refused for, and bad bodies are refused as at submit", async () => {
  const { jobs, alice, plan } = await fresh();
  const unknown = (await plan(1, { instance_type: "x1.32xlarge" })).body;
  assert.deepEqual(
    [unknown.admissible, unknown.would_start_now, unknown.reason, unknown.pod],
    [
      false,
      false,
      { code: "refused", sentence: "There is no instance type x1.32xlarge here." },
      null,
    ],
  );
  const long = (await plan(1, { duration_hours: 100 })).body;
  assert.match(long.reason.sentence, /may run 72 hours/);
  const odd = await jobs.ask("POST", "/v1/jobs/plan", {
    key: alice,
    body: { duration_hours: "x" },
  });
  assert.deepEqual([odd.status, odd.body.code], [422, "invalid_body"]);
  const taken = (await jobs.ask("POST", "/v1/jobs/submit", { key: alice, body: wanting(1) })).body;
  const again = (await plan(1, { env_vars: { RESERVATION_ID: taken.job_id } })).body;
  assert.deepEqual([again.admissible, again.reason.code], [false, "refused"]);
  await jobs.ask("POST", `/v1/jobs/${taken.job_id}/cancel`, { key: alice });
  const now = (await plan(8)).body;
  assert.deepEqual([now.admissible, now.would_start_now, now.position], [true, true, 1]);
  await jobs.close();
});

test("60 submissions at once at a quota of 5, on two replicas: 5", async () => {
  const { url, jobs, alice } = await fresh();
  const second = await startJobs(world, url);
  await setQuota(jobs.db, { ...NOBODY, ...NO_LIMITS, max_gpus: 5, setBy: "root" });
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      (n % 2 ? jobs : second).ask("POST", "/v1/jobs/submit", { key: alice, body: wanting(1) }),
    ),
  );
  const refused = answers.filter(({ status }) => status !== 200);
  assert.equal(answers.length - refused.length, 5);
  const outcomes = new Set(
    refused.map(({ status, body }) => `${status} ${body.code}: ${body.detail}`),
  );
  assert.deepEqual(
    [...outcomes],
    ["409 quota_exceeded: Your quota is 5 GPUs at once, and you have 5; this job wants 1 more."],
  );
  assert.equal(await countOf(jobs.db, "reservations"), 5);
  await Promise.all([jobs.close(), second.close()]);
});

test("quotas of role and type, of hours and of disks; a smaller one holds for what waits; without one nothing is asked", async () => {
  const { jobs, alice, submit, plan, explain } = await fresh();
  const accepted = (await submit(2)).body.job_id;
  const role = { ...NOBODY, awsRole: "SSOCloudDevGpuReservation", gpuType: "h100" };
  await setQuota(jobs.db, { ...role, ...NO_LIMITS, max_gpus: 1, max_hours: 5, setBy: "root" });
  const waits = await explain(accepted);
  assert.deepEqual([waits.reason.code, waits.position, waits.start], ["quota", null, null]);
  const refused = (await plan(1)).body;
  assert.deepEqual([refused.admissible, refused.reason.code], [false, "quota"]);
  const other = await jobs.ask("POST", "/v1/jobs/submit", {
    key: alice,
    body: { ...JOB, instance_type: "p4d.24xlarge", env_vars: {}, duration_hours: 10 },
  });
  assert.equal(other.status, 200, "of another type");
  await setQuota(jobs.db, { ...role, ...NO_LIMITS, max_hours: 5, setBy: "root" });
  const long = await submit(1, { duration_hours: 6 });
  assert.deepEqual(
    [long.status, long.body.detail],
    [409, "Your quota is 5 hours a job of type h100; this one would have 6."],
  );
  await run(jobs, accepted, 2);
  const extend = (hours: number) =>
    jobs.ask("POST", `/v1/jobs/${accepted}/extend`, {
      key: alice,
      body: { extension_hours: hours },
    });
  assert.deepEqual(
    [(await extend(2)).body.code, (await extend(1)).status],
    ["quota_exceeded", 200],
  );
  await deleteQuota(jobs.db, role);
  await setQuota(jobs.db, { ...NOBODY, ...NO_LIMITS, max_disks: 1, setBy: "root" });
  const disk = (name: string) =>
    jobs.ask("POST", "/v1/disks", { key: alice, body: { disk_name: name } });
  assert.deepEqual(
    [(await disk("a")).status, (await disk("b")).body.code],
    [200, "quota_exceeded"],
  );
  assert.equal((await submit(1, { disk_name: "c" })).body.code, "quota_exceeded");
  assert.equal((await submit(1, { disk_name: "a" })).status, 200);
  await jobs.close();
});

test("metrics count GPUs and those who wait, by the reasons that explain tells; starts are held against what was told", async () => {
  const { jobs, submit, explain } = await fresh();
  const running = (await submit(6)).body.job_id;
  await run(jobs, running, 6);
  const starts = (await submit(1)).body.job_id;
  const waits = (await submit(4)).body.job_id;
  const scraped = async (name: string) => {
    const found = await jobs.metrics.registry.getSingleMetric(name)?.get();
    const labelled = found?.values.map(({ labels: { gpu_type, reason, state }, value }) => [
      `${gpu_type} ${reason ?? state ?? ""}`.trim(),
      value,
    ]);
    return Object.fromEntries(labelled ?? []);
  };
  assert.deepEqual(await scraped("airlock_jobs_waiting"), {
    [`h100 ${(await explain(starts)).reason.code}`]: 1,
    [`h100 ${(await explain(waits)).reason.code}`]: 1,
  });
  const { "h100 total": total, "h100 queued": queued } = await scraped("airlock_cluster_gpus");
  assert.deepEqual([total, queued], [8, 4]);
  const { h100 } = await scraped("airlock_jobs_longest_wait_seconds");
  assert.ok(h100 > 0 && h100 < 60, String(h100));
  const pool = jobs.db;
  await pool.query(
    `UPDATE reservations SET created_at = now() - interval '10 minutes',
       promised_p50_at = now() - interval '1 minute', promised_p90_at = now() + interval '1 hour'
     WHERE reservation_id = $1`,
    [starts],
  );
  const event = { kind: "moved", actor: "processor" } as const;
  for (const reservationId of [starts, waits]) {
    const set = { generation: 1 };
    await moveJob(pool, { reservationId, from: ["queued"], to: "preparing", set, event });
  }
  const found = await readStarts(pool, [running, starts, waits]);
  const [late, untold] = found.toSorted((a, b) => b.waited_seconds - a.waited_seconds);
  assert.deepEqual([found.length, late?.held, untold?.held], [2, "p90", null]);
  assert.ok(
    Math.abs((late?.waited_seconds ?? 0) - 600) < 60 &&
      Math.abs((late?.late_seconds ?? 0) - 60) < 60,
  );
  assert.equal(untold?.late_seconds, null);
});
