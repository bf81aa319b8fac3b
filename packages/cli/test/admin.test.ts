/** Operators' commands: what is asked before, what is sent, what is shown. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../src/api/transport.ts";
import { gpuDev, type Played, playing, quickClock, temporaryHome } from "./harness.ts";

const env = { GPU_DEV_API_KEY: "given-given-given-given" };
const BOB = {
  user_id: 7,
  username: "bob-example.com",
  caller: "aws:111122223333:Developer:bob@example.com",
  state: "active",
  created_at: "2026-01-05T09:00:00Z",
  last_login_at: "2026-01-15T11:00:00Z",
  keys: 1,
  live_jobs: 2,
  gpus: 6,
  disks: 1,
};
const AT = "2026-01-15T11:00:00Z";
const JOB = {
  job_id: "3f2a91bc-0d1e-4f6a-9b7c-5d8e2f1a4b60",
  user_id: 7,
  username: "bob-example.com",
  status: "queued",
  name: "train",
  image: "pytorch:latest",
  gpu_type: "h100",
  gpu_count: 4,
  duration_hours: 4,
  created_at: AT,
  launched_at: null,
  expires_at: null,
  ended_at: null,
  pod_name: "gpu-dev-3f2a91bc-0123456789abcdef",
  node_name: null,
  current_detailed_status: "Waits for \u001b[31m4 × h100.",
  failure_reason: null,
  end_as: null,
  is_cleaned: false,
  due_at: AT,
  lease_until: null,
  faults: 2,
  last_fault: "why it failed",
};
const EVENT = { seq: 1, at: AT, kind: "submitted", actor: "user", data: { order_id: "x" } };

const QUOTA = {
  user_id: 7,
  username: "bob-example.com",
  aws_role: null,
  gpu_type: "h100",
  max_gpus: 8,
  max_jobs: null,
  max_hours: null,
  max_disks: null,
  set_by: "alice-example.com",
  set_at: AT,
};

const api: Played = ({ method, path }) => {
  const found: Record<string, object> = {
    "GET /v1/admin/users?username=bob-example.com": { users: [BOB], next_cursor: null },
    "GET /v1/admin/users?username=nobody": { users: [], next_cursor: null },
    "GET /v1/admin/users?caller=aws%3A111122223333%3ADeveloper%3Abob%40example.com": {
      users: [BOB],
      next_cursor: null,
    },
    "GET /v1/admin/users?limit=500": { users: [BOB], next_cursor: "more" },
    "GET /v1/admin/users?limit=500&cursor=more": {
      users: [{ ...BOB, user_id: 1, username: "alice-example.com" }],
      next_cursor: null,
    },
    "POST /v1/admin/users/7/disable": {
      user: { ...BOB, state: "disabled" },
      cancelled_jobs: 2,
    },
    "DELETE /v1/admin/users/7/keys/gpud_abcdefgh": { key_prefixes: ["gpud_abcdefgh"] },
    [`GET /v1/admin/jobs/${JOB.job_id}`]: { ...JOB, events: [EVENT] },
    "GET /v1/admin/jobs/3f2a91bc": { ...JOB, events: [EVENT] },
    [`POST /v1/admin/jobs/${JOB.job_id}/cancel`]: { job_id: JOB.job_id, status: "requested" },
    "POST /v1/admin/dead-orders/drop": { count: 2 },
    "DELETE /v1/admin/users/7?username=bob-example.com": {
      user: { ...BOB, state: "deleting" },
      cancelled_jobs: 2,
    },
    "GET /v1/gpu/availability": { availability: { h100: {} } },
    "GET /v1/admin/nodes": { nodes: [{ node_name: "gpu-1", gone_at: null }] },
    "GET /v1/admin/cordons": { cordons: [{ gpu_type: null, node_name: "gpu-1" }] },
    "POST /v1/admin/cordons": { gpu_type: "h100", node_name: null },
    "POST /v1/admin/cordons/lift": { cordons: [] },
    "POST /v1/admin/quotas": { ...QUOTA },
    "POST /v1/admin/quotas/check": {
      over: [{ ...QUOTA, what: "gpus", limit: 8, held: 12 }],
    },
  };
  const body = found[`${method} ${path}`];
  return body
    ? { body }
    : { status: 404, body: { detail: `${method} ${path}`, code: "not_found" } };
};

async function run(words: string, more: { answers?: string; api?: Played } = {}, home = "") {
  const asked: Exchange[] = [];
  const transport = playing(more.api ?? api, asked);
  const { answers } = more;
  const setting = { home, env, transport, clock: quickClock(), columns: 200 };
  const ran = await gpuDev(words.split(" "), { ...setting, ...(answers && { answers }) });
  const changes = asked.filter(({ method }) => method !== "GET");
  return { ...ran, changes: changes.map(({ method, path, body }) => [method, path, body]) };
}

test("users come from all pages, and one is found by name or caller", async (t) => {
  const home = await temporaryHome(t);
  const { out } = await run("admin users list", {}, home);
  assert.match(out, /^USER +STATE.*\nbob-example\.com +active +2 +6 .*\nalice-example\.com/);
  for (const name of [BOB.username, BOB.caller]) {
    const shown = await run(`admin users show ${name}`, {}, home);
    assert.match(shown.out, /caller +aws:111122223333:Developer:bob@example\.com/, shown.err);
  }
  const { code, err } = await run("admin users show nobody", {}, home);
  assert.equal(code, 5);
  assert.match(err, /There is no user "nobody"/);
});

test("what cannot be taken back is asked first; without a terminal it is exit 2 and a sentence", async (t) => {
  const home = await temporaryHome(t);
  const words = "admin users disable bob-example.com --cancel-jobs";
  const unasked = await run(words, {}, home);
  assert.deepEqual([unasked.code, unasked.changes], [2, []]);
  assert.match(unasked.err, /Nobody can be asked here\.\n {2}gpu-dev admin users disable .* --yes/);
  const no = await run(words, { answers: "n" }, home);
  assert.deepEqual([no.code, no.changes], [1, []]);
  const yes = await run(words, { answers: "y" }, home);
  assert.match(yes.err, /Shut bob-example\.com out, and end 2 jobs\? \[y\/N\]/);
  const sent = [["POST", "/v1/admin/users/7/disable", { cancel_jobs: true }]];
  assert.deepEqual([yes.code, yes.changes], [0, sent]);
  assert.deepEqual((await run(`${words} --yes`, {}, home)).changes, sent);
  for (const other of [
    "admin keys revoke bob-example.com gpud_abcdefgh",
    "admin users delete bob-example.com",
    "admin keys revoke bob-example.com --all",
    `admin jobs cancel ${JOB.job_id}`,
    "admin dead-orders drop --all",
    "admin dead-orders redrive 1",
    "admin orphans remove gpu-dev-a",
  ]) {
    const { code, changes } = await run(other, {}, home);
    assert.deepEqual([code, changes], [2, []], other);
  }
});

test("keys, jobs and dead orders: what is sent", async (t) => {
  const home = await temporaryHome(t);
  const key = `gpud_abcdefgh${"x".repeat(41)}`;
  const revoked = await run(`admin keys revoke bob-example.com ${key} --yes`, {}, home);
  assert.deepEqual(revoked.changes, [
    ["DELETE", "/v1/admin/users/7/keys/gpud_abcdefgh", undefined],
  ]);
  const cancelled = await run("admin jobs cancel 3f2a91bc --reason maintenance -y", {}, home);
  assert.deepEqual(cancelled.changes, [
    ["POST", `/v1/admin/jobs/${JOB.job_id}/cancel`, { reason: "maintenance" }],
  ]);
  const dropped = await run("admin dead-orders drop 4 9 --yes", {}, home);
  assert.deepEqual(dropped.changes, [["POST", "/v1/admin/dead-orders/drop", { ids: ["4", "9"] }]]);
  assert.match(dropped.err, /2 dropped/);
});

test("deleting says the name once more; quotas and cordons send what is meant", async (t) => {
  const home = await temporaryHome(t);
  const sent = async (words: string) => {
    const { changes, code, err } = await run(words, {}, home);
    assert.equal(code, 0, err);
    return changes;
  };
  assert.deepEqual(await sent("admin users delete bob-example.com --yes"), [
    ["DELETE", "/v1/admin/users/7?username=bob-example.com", undefined],
  ]);
  const quota = "--user bob-example.com --type h100 --gpus 8";
  const body = { user_id: 7, gpu_type: "h100", max_gpus: 8 };
  assert.deepEqual(await sent(`admin quota set ${quota}`), [["POST", "/v1/admin/quotas", body]]);
  const { out } = await run(`admin quota check ${quota}`, {}, home);
  assert.match(out, /bob-example\.com +h100 +gpus +8 +12/);
  assert.deepEqual(await sent("admin cordon H100 --reason drivers"), [
    ["POST", "/v1/admin/cordons", { gpu_type: "h100", reason: "drivers" }],
  ]);
  assert.deepEqual(await sent("admin uncordon gpu-1"), [
    ["POST", "/v1/admin/cordons/lift", { node_name: "gpu-1" }],
  ]);
  const nowhere = await run("admin cordon gpu-9 --reason drivers", {}, home);
  assert.deepEqual([nowhere.code, nowhere.changes], [5, []]);
});

test("a job is shown with what happened to it, and no text of its colours the terminal", async (t) => {
  const home = await temporaryHome(t);
  const { out } = await run("admin jobs show 3f2a91bc", {}, home);
  assert.match(out, /user +bob-example\.com\n/);
  assert.match(out, /why +Waits for 4 × h100\.\n/);
  assert.match(out, /faults +2: why it failed\n/);
  assert.match(out, /1 {2}.* {2}submitted +user +order_id: x/);
  assert.equal((await run("admin jobs show ../../keys", {}, home)).code, 5);
});

test("who is no operator is told so, and is not asked to log in", async (t) => {
  const home = await temporaryHome(t);
  const refusing: Played = () => ({
    status: 403,
    body: { code: "admin_only", detail: "Only operators may do this." },
  });
  const { code, err } = await run("admin nodes", { api: refusing }, home);
  assert.equal(code, 1);
  assert.match(err, /Only operators may do this\./);
});
