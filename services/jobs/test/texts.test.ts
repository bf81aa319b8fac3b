/** Text that is none, at every place where a client can write: it is refused, and never met by the database. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { writeCursor } from "@airlock/contract";
import { signGetCallerIdentity } from "@airlock/identity";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { rawLogin, SEED_JOB, startJobs, startWorld } from "./harness.ts";

const world = await startWorld();
const jobs = await startJobs(world, await world.cluster.createDatabase(), {
  env: { ADMIN_SUBJECTS: "aws:111122223333:*:alice@example.com" },
});
const key = await jobs.login();
const { job_id } = (await jobs.ask("POST", "/v1/jobs/submit", { key, body: SEED_JOB })).body;

const ODD = [
  "a\0b",
  "\ud800",
  "x".repeat(60_000),
  "9".repeat(400),
  "'; --",
  "%00",
  "\u202e",
  "\r\n",
];
const HUGE = [1e308, -1e308, 2 ** 53, 2 ** 31, 1e-320, -0.5, null, [], {}, true];

const PROOF = signGetCallerIdentity({
  credentials: KNOWN_SESSIONS.gpuUser,
  region: "eu-west-1",
  serverId: "airlock-dev",
  challenge: "A".repeat(43),
});
const BODIES: readonly (readonly [path: string, body: Readonly<Record<string, unknown>>])[] = [
  ["/v1/auth/aws-login", rawLogin(KNOWN_SESSIONS.gpuUser)],
  ["/v1/auth/aws-login", { ...PROOF }],
  ["/internal/key-check", { key_hash: "0".repeat(64) }],
  ["/v1/jobs/submit", { ...SEED_JOB, ssh_public_keys: [] }],
  [`/v1/jobs/${job_id}/extend`, { extension_hours: 1 }],
  [`/v1/jobs/${job_id}/users`, { github_username: "octocat" }],
  ["/v1/disks", { disk_name: "texts", size_gb: 10 }],
  ["/v1/disks/texts/rename", { new_name: "renamed" }],
  [
    "/v1/admin/quotas",
    {
      ...{ user_id: 1_000_000, aws_role: "Other", gpu_type: "h100", max_gpus: 1, max_jobs: 1 },
      ...{ max_hours: 1, max_disks: null },
    },
  ],
  ["/v1/admin/quotas/remove", { user_id: 1_000_000, aws_role: null, gpu_type: "h100" }],
  ["/v1/admin/cordons", { gpu_type: null, node_name: "gpu-1", reason: "why" }],
  ["/v1/admin/cordons/lift", { gpu_type: null, node_name: "gpu-1" }],
  ["/v1/admin/dead-orders/redrive", { ids: ["1"] }],
  ["/v1/admin/dead-orders/drop", { ids: ["1"] }],
  ["/v1/admin/duties/run", { name: "retention" }],
  ["/v1/admin/orphans/remove", { pod_name: "gpu-dev-a" }],
  ["/v1/admin/users/1000000/disable", { cancel_jobs: true }],
  [`/v1/admin/jobs/${job_id}/extend`, { extension_hours: 1, reason: "why" }],
  [`/v1/admin/jobs/${job_id}/cancel`, { reason: "why" }],
];
const CONTROLS = [
  ...["RESERVATION_ID", "GPU_TYPE", "GPU_COUNT", "GITHUB_USER", "JUPYTER_ENABLED", "POD_NAME"],
  ...["HF_TOKEN", "USER_ID"],
];

async function assertNoFault(method: string, path: string, body?: object): Promise<void> {
  const answer = await jobs.ask(method, path, { key, ...(body && { body }) });
  const what = `${method} ${path} ${JSON.stringify(body)?.slice(0, 200)}`;
  assert.ok(answer.status < 500, `${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
}

for (const [path, body] of BODIES) {
  test(`no member of ${Object.keys(body).join(", ")} makes a fault`, async () => {
    for (const member of Object.keys(body)) {
      for (const odd of [...ODD, ...HUGE])
        await assertNoFault("POST", path, { ...body, [member]: odd });
    }
  });
}

test("no order among the variables, and no name of one, makes a fault", async () => {
  for (const name of CONTROLS) {
    for (const odd of [...ODD, ...HUGE]) {
      await assertNoFault("POST", "/v1/jobs/submit", { ...SEED_JOB, env_vars: { [name]: odd } });
    }
  }
  for (const name of ODD) {
    await assertNoFault("POST", "/v1/jobs/submit", { ...SEED_JOB, env_vars: { [name]: "x" } });
  }
});

test("no SSH key makes a fault", async () => {
  for (const odd of [...ODD, ...HUGE]) {
    await assertNoFault("POST", "/v1/jobs/submit", { ...SEED_JOB, ssh_public_keys: [odd] });
  }
});

test("no word of a path makes a fault", async () => {
  for (const odd of ["a%00b", "%ED%A0%80", "9".repeat(90), "%27%3B--", "%25", "a%2Fb"]) {
    for (const [method, path] of [
      ["GET", `/v1/jobs/${odd}`],
      ["POST", `/v1/jobs/${odd}/cancel`],
      ["GET", `/v1/disks/${odd}`],
      ["GET", `/v1/disks/${odd}/content`],
      ["GET", `/v1/disks/${odd}/operations/${odd}`],
      ["GET", `/v1/disks/data/operations/${odd}`],
      ["DELETE", `/v1/disks/${odd}`],
      ["POST", `/v1/disks/${odd}/restore`],
      ["DELETE", `/v1/keys/${odd}`],
      ["GET", `/v1/admin/jobs/${odd}`],
      ["POST", `/v1/admin/jobs/${odd}/cancel`],
      ["GET", `/v1/admin/users/${odd}`],
      ["POST", `/v1/admin/users/${odd}/enable`],
      ["DELETE", `/v1/admin/users/${odd}?username=${odd}`],
      ["DELETE", `/v1/admin/users/1/keys/${odd}`],
    ] as const) {
      await assertNoFault(method, path);
    }
  }
});

test("no word of a query makes a fault", async () => {
  for (const odd of ["%00", "%ED%A0%80", "9".repeat(400), "-1", "1e400", "0000-01-01T00:00:00Z"]) {
    for (const word of ["status", "gpu_type", "since", "limit", "offset", "cursor"]) {
      await assertNoFault("GET", `/v1/jobs?${word}=${odd}`);
    }
    for (const word of ["username", "caller", "contains", "state", "limit", "cursor"]) {
      await assertNoFault("GET", `/v1/admin/users?${word}=${odd}`);
    }
    for (const word of ["status", "gpu_type", "since", "user_id", "node", "stuck", "cursor"]) {
      await assertNoFault("GET", `/v1/admin/jobs?${word}=${odd}`);
    }
  }
  for (const since of [
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00%2B23:59",
  ]) {
    await assertNoFault("GET", `/v1/jobs?since=${since}`);
  }
});

test("a cursor that was forged with all its checks right is refused like any other", async () => {
  const list = `jobs ${JSON.stringify({ userId: 1 })}`;
  const good = { at: "2026-01-01T00:00:00.000Z", id: job_id };
  const ask = (place: object) =>
    jobs.ask("GET", `/v1/jobs?cursor=${writeCursor(list, place)}`, { key });
  assert.equal((await ask(good)).status, 200);
  for (const id of ["a\0bcdefgh", "\ud800abcdefgh", "", "x".repeat(2000)]) {
    const { status, body } = await ask({ ...good, id });
    assert.equal(status, 400, JSON.stringify(body));
    assert.equal(body.code, "invalid_cursor");
  }
  for (const at of ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "2026-02-31T00:00:00Z"]) {
    assert.ok((await ask({ ...good, at })).status < 500, at);
  }
});
