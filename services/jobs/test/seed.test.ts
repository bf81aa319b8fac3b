/** The examples of the seed's README, and what its client does with the answers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { signGetCallerIdentity } from "@airlock/identity";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { activate, rawLogin, SEED_JOB, startJobs, startWorld } from "./harness.ts";

const world = await startWorld();
const jobs = await startJobs(world, await world.cluster.createDatabase());
const { ask } = jobs;

interface Availability {
  readonly gpu_type: string;
  readonly known: boolean;
  readonly total: number;
  readonly available: number;
}

test("login with credentials: a key, its prefix, who it is for, and when it ends", async () => {
  const body = rawLogin(KNOWN_SESSIONS.gpuUser);
  const { status, body: answer } = await ask("POST", "/v1/auth/aws-login", { body });
  assert.equal(status, 200, JSON.stringify(answer));
  assert.match(answer.api_key, /^gpud_[0-9A-Za-z]{49}$/);
  assert.ok(answer.api_key.startsWith(answer.key_prefix));
  assert.equal(typeof answer.user_id, "number");
  assert.equal(answer.username, "alice-example.com");
  assert.equal(answer.aws_arn, KNOWN_SESSIONS.gpuUser.arn);
  assert.equal(answer.ttl_hours, 2);
  const hours = (Date.parse(answer.expires_at) - Date.now()) / 3_600_000;
  assert.ok(hours > 1.9 && hours < 2.1, answer.expires_at);
});

test("login with a signature gives the same user another key", async () => {
  const { accessKeyId, secretAccessKey, sessionToken } = KNOWN_SESSIONS.gpuUser;
  const { challenge } = (await ask("POST", "/v1/auth/challenge")).body;
  const body = signGetCallerIdentity({
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    region: "eu-west-1",
    serverId: "airlock-dev",
    challenge,
  });
  const { status, body: answer } = await ask("POST", "/v1/auth/aws-login", { body });
  assert.equal(status, 200, JSON.stringify(answer));
  assert.equal(answer.username, "alice-example.com");
});

test("the seed's own submission becomes an h100 job that is there at once", async () => {
  const key = await jobs.login();
  const submitted = await ask("POST", "/v1/jobs/submit", { key, body: SEED_JOB });
  assert.equal(submitted.status, 200, JSON.stringify(submitted.body));
  assert.equal(submitted.body.status, "queued");
  assert.match(
    submitted.body.message,
    /^Job submitted successfully to queue \(message ID: \d+\)\. Nobody can log in to it: /,
  );
  assert.equal(submitted.body.estimated_start_time, null);
  const id = submitted.body.job_id;
  const shown = await ask("GET", `/v1/jobs/${id}`, { key });
  assert.equal(shown.status, 200, JSON.stringify(shown.body));
  const job = shown.body;
  assert.equal(job.gpu_type, "h100");
  assert.equal(job.gpu_count, 1);
  assert.equal(job.user_id, "alice-example.com");
  assert.equal(job.name, `gpu-dev-${id.slice(0, 8)}`);
  assert.match(job.pod_name, new RegExp(`^gpu-dev-${id.slice(0, 8)}-[0-9a-f]{16}$`));
  assert.equal(job.ssh_command, null);
  assert.equal(job.oom_count, 0);
  assert.deepEqual(job.secondary_users, []);
  assert.equal("queue_position" in job, false);
  assert.match(job.created_at, /\+00:00$/);
  const listed = await ask("GET", "/v1/jobs?status=queued,active&limit=500&offset=0", { key });
  assert.equal(listed.body.total, 1);
  assert.deepEqual(listed.body.jobs, [job]);
});

test("a job is extended, given Jupyter and users, and cancelled by the beginning of its id", async () => {
  const key = await jobs.login(KNOWN_SESSIONS.otherGpuUser);
  const { job_id } = (await ask("POST", "/v1/jobs/submit", { key, body: SEED_JOB })).body;
  const start = `/v1/jobs/${job_id.slice(0, 8)}`;
  for (const [path, body, action, words] of [
    ["extend", { extension_hours: 3 }, "extend", /^Extension request submitted for 3 hours \(/],
    ["jupyter/enable", undefined, "enable_jupyter", /^Jupyter enable request submitted \(/],
    ["jupyter/disable", undefined, "disable_jupyter", /^Jupyter disable request submitted \(/],
    ["users", { github_username: "octocat" }, "add_user", /for GitHub user 'octocat' \(/],
    [
      "cancel",
      undefined,
      "cancel",
      /^Cancellation request submitted \(message ID: [0-9a-f-]{36}\)$/,
    ],
  ] as const) {
    const answer = await ask("POST", `${start}/${path}`, { key, ...(body && { body }) });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.equal(answer.body.job_id, job_id);
    assert.equal(answer.body.action, action);
    assert.equal(answer.body.status, "requested");
    assert.match(answer.body.message, words);
  }
  const { rows } = await jobs.db.query<{ message: { action: string }; delay: number }>(
    `SELECT message, extract(epoch FROM vt - enqueued_at)::float AS delay
     FROM pgmq.q_gpu_reservations WHERE message->>'job_id' = $1 ORDER BY msg_id`,
    [job_id],
  );
  const actions = rows.map(({ message }) => message.action);
  assert.deepEqual(actions.toSorted(), [
    "add_user",
    "create",
    "disable_jupyter",
    "enable_jupyter",
    "extend",
  ]);
  assert.ok((rows[1]?.delay ?? 0) >= 2, "an extension is not seen at once");
  const cancelled = await ask("GET", start, { key });
  assert.equal(cancelled.body.status, "cancelled", "it waited, so nobody has to be asked");
});

test("an active job has a command that begins with ssh", async () => {
  const key = await jobs.login();
  const { job_id } = (await ask("POST", "/v1/jobs/submit", { key, body: SEED_JOB })).body;
  await activate(jobs.db, job_id);
  const { body } = await ask("GET", `/v1/jobs/${job_id}`, { key });
  assert.equal(body.ssh_command, `ssh ${body.pod_name}`);
});

test("availability and cluster invent nothing, and count what jobs have and want", async () => {
  const key = await jobs.login();
  const look = async (path: string) => (await ask("GET", path, { key })).body;
  const unseen = (await look("/v1/gpu/availability")).availability;
  assert.equal(Object.keys(unseen).length, 10);
  for (const { gpu_type, known, total, available } of Object.values<Availability>(unseen)) {
    assert.deepEqual([known, total, available], [false, 0, 0], gpu_type);
  }
  const { known, total_gpus, available_gpus } = await look("/v1/cluster/status");
  assert.deepEqual([known, total_gpus, available_gpus], [false, 0, 0]);

  await jobs.db.query(
    `INSERT INTO nodes (node_name, gpu_type, gpus, slots)
     VALUES ('a', 'h100', 8, 0), ('b', 'h100', 2, 0), ('c', 'cpu-x86', 0, 3)`,
  );
  await jobs.db.query(
    `INSERT INTO job_pods (reservation_id, generation, node_index, pod_name, node_name, gpus)
     SELECT reservation_id, 1, 0, pod_name, 'a', 1 FROM reservations WHERE status = 'active'`,
  );
  // more than any node has: it waits, and others pass it
  const body = { ...SEED_JOB, env_vars: { GPU_TYPE: "a100", GPU_COUNT: "8" } };
  const large = { ...body, instance_type: undefined, disk_name: undefined };
  assert.equal((await ask("POST", "/v1/jobs/submit", { key, body: large })).status, 200);
  const { h100, "cpu-x86": cpu, a100 } = (await look("/v1/gpu/availability")).availability;
  assert.deepEqual(h100, {
    gpu_type: "h100",
    known: true,
    total: 10,
    available: 9,
    in_use: 1,
    // it waits for its disk
    queued: 1,
    max_per_node: 8,
    instance_type: "p5.48xlarge",
    instance_types: ["p5.48xlarge"],
    cpus: 192,
    memory_gb: 2048,
  });
  assert.deepEqual([cpu.total, cpu.available, cpu.max_per_node], [3, 3, 3]);
  assert.deepEqual([a100.known, a100.total, a100.queued, a100.max_per_node], [true, 0, 8, 0]);
  const cluster = await look("/v1/cluster/status");
  // slots are no GPUs
  assert.deepEqual([cluster.known, cluster.total_gpus, cluster.available_gpus], [true, 10, 9]);
  assert.equal(cluster.in_use_gpus, 1);
  assert.equal(cluster.queued_gpus, 9);
  assert.equal(cluster.active_reservations, 1);
  assert.equal(cluster.queued_reservations, 2);
  assert.deepEqual(cluster.by_gpu_type.h100, h100);
});

test("what was submitted at one replica is told by the other at once, in one look for all who ask", async () => {
  const url = await world.cluster.createDatabase();
  const [one, other] = [await startJobs(world, url), await startJobs(world, url)];
  const key = await one.login();
  const body = { ...SEED_JOB, disk_name: undefined };
  const looks = () => other.statements.filter((text) => text.includes("FROM gpu_types")).length;
  for (const count of [1, 2, 3]) {
    assert.equal((await one.ask("POST", "/v1/jobs/submit", { key, body })).status, 200);
    const before = looks();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => other.ask("GET", "/v1/cluster/status", { key })),
    );
    const told = answers.map((answer) => answer.body.queued_gpus);
    assert.deepEqual([...new Set(told)], [count]);
    // the first of them, and those who came while it looked
    assert.ok(looks() - before <= 3, `${looks() - before}`);
  }
  await Promise.all([one.close(), other.close()]);
});

test("health tells of database and queue in the seed's words", async () => {
  const { status, body } = await ask("GET", "/health");
  assert.equal(status, 200);
  const { timestamp, ...words } = body;
  const named = { service: "jobs", environment: "dev" };
  assert.deepEqual(words, { status: "healthy", database: "healthy", queue: "healthy", ...named });
  assert.match(timestamp, /Z$/);
  assert.equal((await ask("GET", "/readyz")).status, 200);
  assert.equal((await ask("GET", "/")).body.endpoints.jobs, "/v1/jobs");
});
