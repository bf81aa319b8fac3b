/** Lists of many jobs by cursor, and jobs of others. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { SEED_JOB, startJobs, startWorld } from "./harness.ts";

const world = await startWorld();
const jobs = await startJobs(world, await world.cluster.createDatabase());
const alice = await jobs.login();
const bob = await jobs.login(KNOWN_SESSIONS.otherGpuUser);
const MINE = 1000;

const list = (query: string, key = alice) => jobs.ask("GET", `/v1/jobs?${query}`, { key });

/** Rows of alice and bob in turns, ten of each to a millisecond, every fourth of them active. */
async function insertJobs(from: number, to: number): Promise<void> {
  await jobs.db.query(
    `INSERT INTO reservations (reservation_id, user_id, status, image, gpu_type, gpu_count,
       instance_type, duration_hours, pod_name, launched_at, expires_at, reservation_ended, created_at)
     SELECT 'job-' || lpad(n::text, 8, '0') || '-' || user_id, user_id, CASE n % 4 WHEN 0 THEN 'active' ELSE 'failed' END,
       'img', CASE n % 2 WHEN 0 THEN 'h100' ELSE 'a100' END, 1, 'p5.48xlarge', 1,
       'gpu-dev-' || n || '-' || user_id, now(), now(), CASE n % 4 WHEN 0 THEN NULL ELSE now() END,
       timestamptz '2026-01-01T00:00:00Z' + (n / 10) * interval '1 millisecond'
     FROM api_users CROSS JOIN generate_series($1::integer, $2::integer) n`,
    [from, to],
  );
}
await insertJobs(1, MINE);

test("by cursor every job comes once and in order while others are added", async () => {
  const seen: { job_id: string; created_at: string }[] = [];
  let cursor: string | null = null;
  for (let page = 0; ; page++) {
    const { status, body } = await list(`limit=70${cursor ? `&cursor=${cursor}` : ""}`);
    assert.equal(status, 200, JSON.stringify(body));
    seen.push(...body.jobs);
    cursor = body.next_cursor;
    if (cursor === null) break;
    await insertJobs(MINE + 1 + page * 10, MINE + 10 + page * 10);
  }
  const ids = seen.map(({ job_id }) => job_id);
  assert.equal(new Set(ids).size, MINE);
  const inOrder = seen.toSorted(
    (a, b) => b.created_at.localeCompare(a.created_at) || b.job_id.localeCompare(a.job_id),
  );
  assert.deepEqual(
    ids,
    inOrder.map(({ job_id }) => job_id),
  );
});

test("status, gpu_type and since select, and limit and offset page", async () => {
  const active = await list("status=active&limit=500");
  assert.ok(active.body.jobs.every((job: { status: string }) => job.status === "active"));
  const h100 = await list("gpu_type=H100&status=active,failed&limit=1");
  assert.equal(h100.body.jobs[0].gpu_type, "h100");
  const since = await list("since=2026-01-01T00:00:00.100Z&limit=500");
  const first = await list("since=2026-01-01T00:00:00.100%2B00:00&limit=1&offset=1");
  assert.ok(since.body.total < active.body.total * 4);
  assert.equal(first.body.total, since.body.total);
  assert.equal(first.body.jobs[0].job_id, since.body.jobs[1].job_id);
  assert.equal(first.body.offset, 1);
});

test("who goes by cursor is told no count, and no list holds logs", async () => {
  await jobs.db.query("UPDATE reservations SET pod_logs = 'a log'");
  const first = await list("limit=500");
  assert.equal(first.body.jobs.length, 500);
  assert.equal(typeof first.body.total, "number");
  const counts = () => jobs.statements.filter((sql) => sql.includes("count(*)")).length;
  const before = counts();
  const next = await list(`limit=500&cursor=${first.body.next_cursor}`);
  assert.equal(next.status, 200, JSON.stringify(next.body));
  assert.equal("total" in next.body, false);
  assert.equal(counts(), before);
  for (const job of [...first.body.jobs, ...next.body.jobs]) assert.equal("pod_logs" in job, false);
  const shown = await jobs.ask("GET", `/v1/jobs/${first.body.jobs[0].job_id}`, { key: alice });
  assert.equal(shown.body.pod_logs, "a log");
  await jobs.db.query("UPDATE reservations SET pod_logs = NULL");
});

for (const query of ["status=", "status=,", "status=%20,%20"]) {
  test(`?${query} names no state, and is told so`, async () => {
    const { status, body } = await list(query);
    assert.equal(status, 400, JSON.stringify(body));
    assert.match(body.detail, /status: names none of queued, .*; without it all are listed/);
  });
}

test("states may stand beside blanks and commas too many", async () => {
  const [plain, odd] = [await list("status=active,failed"), await list("status=active,%20failed,")];
  assert.equal(odd.body.total, plain.body.total);
});

for (const query of [
  "status=lost",
  "limit=0",
  "limit=501",
  "offset=-1",
  "since=yesterday",
  "who=all",
]) {
  test(`?${query} is 400`, async () => {
    const { status, body } = await list(query);
    assert.equal(status, 400, JSON.stringify(body));
    assert.equal(body.code, "bad_request");
  });
}

test("a cursor of another list or another user is refused", async () => {
  const { next_cursor } = (await list("limit=5")).body;
  for (const [query, key] of [
    [`status=active&cursor=${next_cursor}`, alice],
    [`cursor=${next_cursor}`, bob],
    [`cursor=${next_cursor}x`, alice],
  ] as const) {
    const { status, body } = await list(query, key);
    assert.equal(status, 400);
    assert.equal(body.code, "invalid_cursor");
  }
});

test("a foreign job is not found for every verb, by its id and by its beginning", async () => {
  const { job_id } = (await jobs.ask("POST", "/v1/jobs/submit", { key: alice, body: SEED_JOB }))
    .body;
  const { jobs: listed } = (await list("limit=1", bob)).body;
  assert.equal(listed[0].user_id, "bob-example.com");
  for (const id of [job_id, job_id.slice(0, 8), "never-there", "job%00", "j"]) {
    for (const [method, action, body] of [
      ["GET", "", undefined],
      ["POST", "/cancel", undefined],
      ["POST", "/jupyter/enable", undefined],
      ["POST", "/jupyter/disable", undefined],
      ["POST", "/extend", { extension_hours: 1 }],
      ["POST", "/users", { github_username: "octocat" }],
    ] as const) {
      const answer = await jobs.ask(method, `/v1/jobs/${id}${action}`, {
        key: bob,
        ...(body && { body }),
      });
      assert.equal(answer.status, 404, JSON.stringify(answer.body));
      assert.equal(answer.body.code, "job_not_found");
      assert.match(answer.body.detail, /not found/);
    }
  }
});
