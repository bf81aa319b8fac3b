/**
 * Black-box tests of GPU jobs, for a gateway that has them. They log in with AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN to LOGIN_SERVER_ID (airlock-dev), and cancel what they submit.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { assertProblem, call, json } from "./client.ts";
import { type Given, testGiven } from "./given.ts";
import { loginBody } from "./sign-in.ts";

const { env } = process;
const credentials = {
  accessKeyId: env.AWS_ACCESS_KEY_ID ?? "",
  secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? "",
  sessionToken: env.AWS_SESSION_TOKEN ?? "",
};
const REGION = env.AWS_REGION ?? "eu-west-1";
const SERVER_ID = env.LOGIN_SERVER_ID ?? "airlock-dev";
const JSON_TYPE = { "content-type": "application/json" };
const SEED_JOB = {
  image: "pytorch/pytorch:2.1.0-cuda12.1-cudnn8-runtime",
  instance_type: "p5.48xlarge",
  duration_hours: 4,
  disk_name: "my-training-data",
  disk_size_gb: 500,
  env_vars: { WANDB_API_KEY: "your-wandb-key" },
  // it is there still when something is asked of it
  command: "sleep 600",
};

// biome-ignore lint/suspicious/noExplicitAny: bodies of every shape are looked into
type Body = any;

const hasJobs = async () => "jobs" in ((await json("/")).endpoints as object);

const jobs: Given<true> = {
  without: "this gateway has no jobs",
  find: async () => ((await hasJobs()) ? true : undefined),
};

async function login(serverId = SERVER_ID) {
  const { challenge } = JSON.parse((await call("/v1/auth/challenge", "POST")).text);
  const body = loginBody(credentials, REGION, serverId, challenge);
  return { body, reply: await call("/v1/auth/aws-login", "POST", JSON_TYPE, JSON.stringify(body)) };
}

/** One login for all tests: they are limited to ten a minute. */
async function firstKey(): Promise<string> {
  const { reply } = await login();
  assert.equal(reply.status, 200, reply.text);
  return JSON.parse(reply.text).api_key;
}

const key = (await hasJobs()) && credentials.sessionToken ? await firstKey() : undefined;
const session: Given<string> = {
  without: (await hasJobs())
    ? "no AWS session in the environment, as . .airlock/session.sh makes one"
    : jobs.without,
  find: async () => key,
};

async function ask(apiKey: string, method: string, path: string, body?: object, more = {}) {
  const headers = { authorization: `Bearer ${apiKey}`, ...(body && JSON_TYPE), ...more };
  const reply = await call(path, method, headers, body && JSON.stringify(body));
  const parsed: Body = reply.text === "" ? undefined : JSON.parse(reply.text);
  return { ...reply, body: parsed };
}

await testGiven("jobs: /health tells of database and queue", jobs, async () => {
  const { database, queue } = await json("/health");
  assert.deepEqual([database, queue], ["healthy", "healthy"]);
});

await testGiven(
  "jobs: no key, a broken one and an unknown one are 401, each with its code",
  jobs,
  async () => {
    for (const [headers, code] of [
      [{}, "api_key_missing"],
      [{ authorization: "Bearer abc" }, "api_key_malformed"],
    ] as const) {
      const reply = await call("/v1/jobs", "GET", headers);
      assertProblem(reply, 401, code);
      assert.match(String(reply.headers["www-authenticate"]), /^Bearer/);
    }
  },
);

test("jobs: what the gateway keeps to itself is not reached", async () => {
  for (const path of ["/internal/key-check", "/v1/../internal/key-check", "/v1/%2e%2e/internal"]) {
    const { status } = await call(path, "POST", JSON_TYPE, "{}");
    assert.ok(status === 404 || status === 400, `${path}: ${status}`);
  }
});

await testGiven("jobs: a plan says what would become of a submission", session, async (apiKey) => {
  const { disk_name: _, ...body } = SEED_JOB;
  const plan = await ask(apiKey, "POST", "/v1/jobs/plan", body);
  assert.equal(plan.status, 200, plan.text);
  assert.equal(plan.body.admissible, true, plan.text);
  assert.equal(typeof plan.body.would_start_now, "boolean");
  const strange = { ...body, instance_type: "x1.32xlarge" };
  const refused = await ask(apiKey, "POST", "/v1/jobs/plan", strange);
  assert.deepEqual([refused.status, refused.body.admissible], [200, false], refused.text);
});

await testGiven("jobs: submit, show, list, extend, cancel", session, async (apiKey) => {
  const submitted = await ask(apiKey, "POST", "/v1/jobs/submit", SEED_JOB);
  assert.equal(submitted.status, 200, submitted.text);
  const { job_id, status, message, estimated_start_time } = submitted.body;
  assert.equal(status, "queued");
  if (estimated_start_time !== null) assert.ok(Date.parse(estimated_start_time) > 0, message);
  assert.match(message, /^Job submitted successfully to queue \(message ID: \d+\)/);
  const shown = await ask(apiKey, "GET", `/v1/jobs/${job_id}`);
  assert.equal(shown.status, 200, shown.text);
  assert.equal(shown.body.gpu_type, "h100");
  const told = await ask(apiKey, "GET", `/v1/jobs/${job_id}/explain`);
  assert.deepEqual([told.status, told.body.job_id], [200, job_id], told.text);
  assert.ok(told.body.reason.sentence.length > 0, told.text);
  const listed = await ask(
    apiKey,
    "GET",
    "/v1/jobs?limit=500&offset=0&status=queued,preparing,active",
  );
  assert.ok(listed.body.jobs.some((job: Body) => job.job_id === job_id));
  const short = job_id.slice(0, 8);
  for (const [action, body] of [
    ["extend", { extension_hours: 2 }],
    ["cancel", undefined],
  ] as const) {
    const answer = await ask(apiKey, "POST", `/v1/jobs/${short}/${action}`, body);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual([answer.body.job_id, answer.body.status], [job_id, "requested"]);
  }
  const missing = await ask(apiKey, "GET", `/v1/jobs/${randomUUID()}`);
  assertProblem(missing, 404, "job_not_found");
});

await testGiven(
  "jobs: the same Idempotency-Key is one job, and not for another body",
  session,
  async (apiKey) => {
    const more = { "idempotency-key": randomUUID() };
    // who is told to come back later does, with the same key
    const send = async (body: object) => {
      for (let tries = 0; ; tries++) {
        const answer = await ask(apiKey, "POST", "/v1/jobs/submit", body, more);
        const after = Number(answer.headers["retry-after"] ?? 0);
        if (after === 0 || tries === 5) return answer;
        await new Promise((resolve) => setTimeout(resolve, after * 1000));
      }
    };
    const answers = await Promise.all(Array.from({ length: 5 }, () => send(SEED_JOB)));
    // when it will start is told as it is known at each answer
    const kept = answers.map(({ body: { estimated_start_time: _, ...rest } }) =>
      JSON.stringify(rest),
    );
    const different = [...new Set(kept)];
    assert.equal(different.length, 1, different.join("\n"));
    assertProblem(await send({ ...SEED_JOB, duration_hours: 1 }), 422, "idempotency_key_reused");
    const { job_id } = answers[0]?.body ?? {};
    assert.equal((await ask(apiKey, "POST", `/v1/jobs/${job_id}/cancel`)).status, 200);
  },
);

await testGiven(
  "jobs: GPUs that are not there, and bodies that are none, are 422",
  session,
  async (apiKey) => {
    const env_vars = { GPU_TYPE: "a100" };
    const wrong = await ask(apiKey, "POST", "/v1/jobs/submit", { ...SEED_JOB, env_vars });
    assertProblem(wrong, 422, "gpu_type_mismatch");
    for (const body of [
      {},
      { ...SEED_JOB, image: "http://169.254.169.254/x" },
      { ...SEED_JOB, ssh_public_keys: ["no key"] },
      { ...SEED_JOB, duration_hours: 0.01 },
    ]) {
      assertProblem(await ask(apiKey, "POST", "/v1/jobs/submit", body), 422, "invalid_body");
    }
  },
);

await testGiven("jobs: a disk is asked for, and its operation told", session, async (apiKey) => {
  const disk_name = `acceptance-${Date.now()}`;
  const made = await ask(apiKey, "POST", "/v1/disks", { disk_name, size_gb: 100 });
  assert.equal(made.status, 200, made.text);
  assert.equal(made.body.action, "create");
  const path = `/v1/disks/${disk_name}`;
  const operation = await ask(apiKey, "GET", `${path}/operations/${made.body.operation_id}`);
  assert.equal(operation.status, 200, operation.text);
  assert.equal(typeof operation.body.completed, "boolean");
  assert.ok((await ask(apiKey, "GET", "/v1/disks")).text.includes(disk_name));
  assert.equal((await ask(apiKey, "DELETE", path)).status, 200);
});

await testGiven("jobs: availability and cluster", session, async (apiKey) => {
  const { availability } = (await ask(apiKey, "GET", "/v1/gpu/availability")).body;
  const { known, total, available, instance_type } = availability.h100;
  assert.ok(available <= total);
  // numbers that nobody has counted are none
  if (!known) assert.equal(total, 0);
  assert.equal(typeof instance_type, "string");
  const cluster = (await ask(apiKey, "GET", "/v1/cluster/status")).body;
  assert.equal(typeof cluster.total_gpus, "number");
});

await testGiven("jobs: a signature is good once, and for this server alone", session, async () => {
  const { body, reply } = await login();
  assert.equal(reply.status, 200, reply.text);
  const again = await call("/v1/auth/aws-login", "POST", JSON_TYPE, JSON.stringify(body));
  assertProblem(again, 401, "invalid_challenge");
  assertProblem((await login("another.example.com")).reply, 401, "unauthenticated");
});

await testGiven(
  "jobs: a rotated key ends the one that asked, a revoked one ends within a second",
  session,
  async () => {
    const { api_key, key_prefix } = JSON.parse((await login()).reply.text);
    const listed = await ask(api_key, "GET", "/v1/keys");
    assert.ok(listed.text.includes(key_prefix) && !listed.text.includes(api_key));
    const rotated = (await ask(api_key, "POST", "/v1/keys/rotate")).body;
    const isOut = async (one: string) => {
      const until = Date.now() + 5000;
      while ((await ask(one, "GET", "/v1/jobs")).status === 200) assert.ok(Date.now() < until);
      return (await ask(one, "GET", "/v1/jobs")).status;
    };
    assert.equal(await isOut(api_key), 403);
    const path = `/v1/keys/${rotated.key_prefix}`;
    assert.equal((await ask(rotated.api_key, "DELETE", path)).status, 200);
    assert.equal(await isOut(rotated.api_key), 403);
  },
);
