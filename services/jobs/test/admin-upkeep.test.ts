/** Operators' routes for upkeep: orders, duties, pods and nodes, quotas, and what is closed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { faultOrder, readOrders, writeNodes } from "@airlock/jobs-store";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { until } from "../../../packages/http/test/app-harness.ts";
import { auditsOf, ROLE, startAdminWorld } from "./admin-world.ts";
import { countOf, type JobsRig, startJobs } from "./harness.ts";

const { world, database, one, other, db, admin, bob, asAdmin, userIdOf, submit } =
  await startAdminWorld();

test("dead orders are listed page by page, and sent again once, by two replicas at once", async () => {
  for (let n = 1; n <= 5; n++) {
    const message = { v: 1, action: "cancel", job_id: `none-${n}` };
    await db.query("SELECT pgmq.send('disk_operations', $1::jsonb)", [JSON.stringify(message)]);
    const [read] = await readOrders(db, { queue: "disk_operations", limit: 1, seconds: 30 });
    assert.ok(read);
    const about = { queue: "disk_operations", messageId: read.msg_id, readCount: read.read_ct };
    await faultOrder(db, { ...about, fault: "why", deadAt: 1 });
  }
  const first = (await asAdmin("GET", "/dead-orders?limit=3")).body;
  const second = (await asAdmin("GET", `/dead-orders?limit=3&cursor=${first.next_cursor}`)).body;
  const dead = [...first.dead_orders, ...second.dead_orders];
  assert.deepEqual(
    dead.map(({ job_id }) => job_id),
    [1, 2, 3, 4, 5].map((n) => `none-${n}`),
  );
  assert.equal(second.next_cursor, null);
  const ids = dead.slice(0, 3).map(({ dead_id }) => dead_id);
  const redrive = (rig: JobsRig) =>
    rig.ask("POST", "/v1/admin/dead-orders/redrive", { key: admin, body: { ids } });
  const answers = await Promise.all([redrive(one), redrive(other), redrive(one)]);
  const counts = answers.map(({ body }) => body.count);
  assert.equal(
    counts.reduce((a, b) => a + b, 0),
    3,
    JSON.stringify(counts),
  );
  assert.equal(await countOf(db, "pgmq.q_disk_operations"), 3);
  assert.deepEqual((await asAdmin("POST", "/dead-orders/drop", { all: true })).body, { count: 2 });
  for (const bad of [{}, { ids: [] }, { ids: ["x"] }, { all: false }, { ids: ["1"], all: true }]) {
    const { status, body } = await asAdmin("POST", "/dead-orders/drop", bad);
    assert.deepEqual([status, body.code], [422, "invalid_body"], JSON.stringify(bad));
  }
});

test("what is sent again under its Idempotency-Key is not done again, and says so in the audit", async () => {
  await db.query(
    `INSERT INTO dead_orders (queue, msg_id, message, faults, last_fault, enqueued_at)
     VALUES ('disk_operations', 9001, '{}', 5, 'why', now())`,
  );
  const headers = { "idempotency-key": "drop-all" };
  const drop = () => asAdmin("POST", "/dead-orders/drop", { all: true }, { headers });
  assert.deepEqual((await drop()).body, { count: 1 });
  await db.query(
    `INSERT INTO dead_orders (queue, msg_id, message, faults, last_fault, enqueued_at)
     VALUES ('disk_operations', 9002, '{}', 5, 'why', now())`,
  );
  assert.deepEqual((await drop()).body, { count: 1 });
  assert.equal(await countOf(db, "dead_orders"), 1, "a later one was dropped");
  const lines = auditsOf(one).filter(({ event }) => event === "admin_dead_orders_drop");
  assert.deepEqual(
    lines.slice(-2).map(({ repeat, count }) => [repeat, count]),
    [
      [undefined, 1],
      [true, 1],
    ],
  );
});

test("duties are told with their last run and called; retention is one, and says what it would take", async () => {
  await db.query(
    `INSERT INTO duties (name, period_seconds, due_at, finished_at, faults, last_fault)
     VALUES ('orphans', 60, now() - interval '5 minutes', now() - interval '6 minutes', 2, 'why')`,
  );
  const { duties } = (await asAdmin("GET", "/duties")).body;
  const orphans = duties.find(({ name }: { name: string }) => name === "orphans");
  assert.deepEqual(
    [orphans.is_late, orphans.is_running, orphans.faults, orphans.last_fault],
    [true, false, 2, "why"],
  );
  const retention = duties.find(({ name }: { name: string }) => name === "retention");
  assert.ok(retention.finished_at, JSON.stringify(retention));
  await db.query("UPDATE duties SET due_at = now() + interval '1 hour' WHERE name = 'orphans'");
  const called = await asAdmin("POST", "/duties/run", { name: "orphans" });
  assert.ok(Date.parse(called.body.due_at) <= Date.now() + 1000, JSON.stringify(called.body));
  const none = await asAdmin("POST", "/duties/run", { name: "'; DROP TABLE duties" });
  assert.deepEqual([none.status, none.body.code], [404, "duty_not_found"]);
  await db.query("UPDATE duties SET due_at = now() + interval '1 hour' WHERE name = 'retention'");
  for (let n = 0; n < 3; n++) {
    const job = await submit(bob);
    assert.equal((await asAdmin("POST", `/jobs/${job}/cancel`)).status, 200);
  }
  await db.query(
    `UPDATE reservations SET reservation_ended = now() - interval '200 days'
     WHERE status = 'cancelled' AND cleaned_at IS NOT NULL`,
  );
  const report = (await asAdmin("GET", "/retention")).body;
  const jobs = report.kinds.find(({ kind }: { kind: string }) => kind === "jobs");
  assert.deepEqual([jobs.setting, jobs.days], ["KEEP_JOBS_DAYS", 90]);
  assert.equal(jobs.purgeable, 3);
  assert.ok(Date.parse(jobs.oldest_at) < Date.now() - 199 * 86_400_000);
  assert.equal(report.last_run.name, "retention");
});

test("what is old is forgotten over and over, though nobody asks anything", async () => {
  const quiet = await startJobs(world, database, { pace: { forgettingMs: 5 } });
  for (const days of [2, 1]) {
    await db.query(
      "UPDATE duties SET due_at = now() - $1 * interval '1 day' WHERE name = 'retention'",
      [days],
    );
    await until(async () => {
      const { rows } = await db.query(
        "SELECT FROM duties WHERE name = 'retention' AND due_at > now()",
      );
      return rows.length === 1;
    });
  }
  await quiet.close();
});

test("pods without a job are told, and one of an unknown job is removed when an operator says so", async () => {
  await db.query(
    `INSERT INTO stray_pods (uid, pod_name, reservation_id, kind, removed_at)
     VALUES ('u1', 'gpu-dev-a', 'job-a', 'unknown', NULL), ('u2', 'gpu-dev-b', 'job-b', 'orphan', now())`,
  );
  const { orphans } = (await asAdmin("GET", "/orphans")).body;
  assert.deepEqual(
    orphans.map(({ pod_name, kind }: { pod_name: string; kind: string }) => [pod_name, kind]),
    [
      ["gpu-dev-a", "unknown"],
      ["gpu-dev-b", "orphan"],
    ],
  );
  assert.match(orphans[0].becomes, /or you remove it/);
  assert.equal(orphans[1].becomes, "It was removed.");
  const wanted = await asAdmin("POST", "/orphans/remove", { pod_name: "gpu-dev-a" });
  assert.match(wanted.body.orphans[0].becomes, /removed at the next sweep/);
  const not = await asAdmin("POST", "/orphans/remove", { pod_name: "gpu-dev-b" });
  assert.deepEqual([not.status, not.body.code], [404, "orphan_not_found"]);
});

test("nodes are told with what is booked", async () => {
  await db.query(
    "INSERT INTO nodes (node_name, gpu_type, gpus, is_schedulable) VALUES ('gpu-1', 'h100', 8, false)",
  );
  const { nodes, looked_at } = (await asAdmin("GET", "/nodes")).body;
  assert.equal(looked_at, null);
  const [{ node_name, gpus, booked_gpus, is_schedulable }] = nodes;
  assert.deepEqual([node_name, gpus, booked_gpus, is_schedulable], ["gpu-1", 8, 0, false]);
});

test("quotas are set, replaced, checked before and removed; nonsense is refused in words", async () => {
  const id = await userIdOf("bob-example.com");
  const set = (body: object) => asAdmin("POST", "/quotas", body);
  const quota = (await set({ user_id: id, gpu_type: "H100", max_gpus: 100, max_hours: 4.5 })).body;
  assert.deepEqual(
    [quota.username, quota.gpu_type, quota.max_gpus, quota.max_hours, quota.set_by],
    ["bob-example.com", "h100", 100, 4.5, "alice-example.com"],
  );
  await set({ user_id: id, gpu_type: "h100", max_gpus: 90 });
  await set({ aws_role: ROLE, max_jobs: 500 });
  await set({ max_disks: 50 });
  const listed = (await asAdmin("GET", "/quotas")).body.quotas;
  assert.deepEqual(
    listed.map((one: Record<string, unknown>) => [
      ...[one.username, one.aws_role, one.gpu_type],
      ...[one.max_gpus, one.max_jobs, one.max_hours, one.max_disks],
    ]),
    [
      ["bob-example.com", null, "h100", 90, null, null, null],
      [null, ROLE, null, null, 500, null, null],
      [null, null, null, null, null, null, 50],
    ],
  );
  for (const [bad, status, code] of [
    [{}, 422, "invalid_body"],
    [{ user_id: id }, 422, "invalid_body"],
    [{ user_id: id, aws_role: ROLE, max_jobs: 1 }, 422, "invalid_body"],
    [{ gpu_type: "h100", max_disks: 1 }, 422, "invalid_body"],
    [{ max_gpus: -1 }, 422, "invalid_body"],
    [{ max_gpus: 1.5 }, 422, "invalid_body"],
    [{ max_gpus: 1e308 }, 422, "invalid_body"],
    [{ max_hours: 0 }, 422, "invalid_body"],
    [{ aws_role: "a'; DROP TABLE quotas", max_jobs: 1 }, 422, "invalid_body"],
    [{ gpu_type: "h900", max_gpus: 1 }, 422, "gpu_type_unknown"],
    [{ user_id: 999_999, max_gpus: 1 }, 404, "user_not_found"],
    [{ user_id: 2 ** 31, max_gpus: 1 }, 422, "invalid_body"],
  ] as const) {
    for (const path of ["/quotas", "/quotas/check"]) {
      const answer = await asAdmin("POST", path, bad);
      assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(bad));
    }
  }
  const remove = (body: object) => asAdmin("POST", "/quotas/remove", body);
  assert.equal((await remove({ user_id: id, gpu_type: "h100" })).body.quotas.length, 2);
  assert.equal((await remove({ user_id: id, gpu_type: "h100" })).body.code, "quota_not_found");
  for (const left of [{ aws_role: ROLE }, {}]) assert.equal((await remove(left)).status, 200);
});

test("the what-if of a quota names who has more than it, and changes nothing", async () => {
  const key = await one.login(KNOWN_SESSIONS.lookAlike);
  const { user_id } = (await asAdmin("GET", "/users?contains=alice-example.com")).body.users[0];
  await submit(key, { instance_type: "p5.48xlarge", env_vars: { GPU_COUNT: "8" } });
  await submit(key, { duration_hours: 48 });
  const check = async (body: object) =>
    (await asAdmin("POST", "/quotas/check", body)).body.over.filter(
      (one: { user_id: number }) => one.user_id === user_id,
    );
  const has = (await asAdmin("GET", `/users/${user_id}`)).body;
  assert.ok(has.gpus > 8, JSON.stringify(has));
  const over = await check({ user_id, gpu_type: "h100", max_gpus: 8, max_jobs: 2, max_hours: 24 });
  assert.deepEqual(
    over.map(({ what, limit, held }: Record<string, unknown>) => [what, limit, held]),
    [
      ["gpus", 8, has.gpus],
      ["hours", 24, 48],
    ],
  );
  assert.deepEqual(await check({ user_id, gpu_type: "a100", max_gpus: 0 }), []);
  assert.equal((await check({ max_jobs: 1 }))[0].what, "jobs");
  assert.deepEqual(await check({ aws_role: "Other", max_jobs: 0 }), []);
  // what is closer decides
  await asAdmin("POST", "/quotas", { user_id, max_jobs: 100 });
  assert.deepEqual(await check({ max_jobs: 1 }), []);
  await asAdmin("POST", "/quotas/remove", { user_id });
  assert.equal(await countOf(db, "quotas"), 0);
});

test("types and nodes are closed with a reason, and opened", async () => {
  const reason = "New drivers until 14:00 UTC; see 'status' page.";
  const closed = await asAdmin("POST", "/cordons", { gpu_type: "H100", reason });
  assert.equal(closed.status, 200, JSON.stringify(closed.body));
  assert.deepEqual(
    [closed.body.gpu_type, closed.body.reason, closed.body.set_by],
    ["h100", reason, "alice-example.com"],
  );
  await asAdmin("POST", "/cordons", { node_name: "gpu-1", reason: "first" });
  await asAdmin("POST", "/cordons", { node_name: "gpu-1", reason: "second" });
  const { cordons } = (await asAdmin("GET", "/cordons")).body;
  assert.deepEqual(
    cordons.map((one: Record<string, unknown>) => [one.gpu_type, one.node_name, one.reason]),
    [
      ["h100", null, reason],
      [null, "gpu-1", "second"],
    ],
  );
  for (const [bad, status, code] of [
    [{ reason }, 422, "invalid_body"],
    [{ gpu_type: "h100" }, 422, "invalid_body"],
    [{ gpu_type: "h100", node_name: "gpu-1", reason }, 422, "invalid_body"],
    [{ gpu_type: "h100", reason: " " }, 422, "invalid_body"],
    [{ gpu_type: "h900", reason }, 422, "gpu_type_unknown"],
    [{ node_name: "gpu-9", reason }, 404, "node_not_found"],
    [{ node_name: "gpu-1'--", reason }, 422, "invalid_body"],
  ] as const) {
    const answer = await asAdmin("POST", "/cordons", bad);
    assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(bad));
  }
  for (const target of [{ gpu_type: "h100" }, { node_name: "gpu-1" }]) {
    assert.equal((await asAdmin("POST", "/cordons/lift", target)).status, 200);
    assert.equal((await asAdmin("POST", "/cordons/lift", target)).body.code, "cordon_not_found");
  }
});

test("a look at the nodes is told with them, and is no duty that could be called", async () => {
  const namesOfDuties = async () => {
    const { status, body } = await asAdmin("GET", "/duties");
    assert.equal(status, 200, JSON.stringify(body));
    return body.duties.map(({ name }: { name: string }) => name);
  };
  const look = () => writeNodes(db, []);
  await look();
  const { looked_at } = (await asAdmin("GET", "/nodes")).body;
  assert.ok(Date.parse(looked_at) > 0, String(looked_at));
  assert.equal((await namesOfDuties()).includes("nodes"), false);
  const called = await asAdmin("POST", "/duties/run", { name: "nodes" });
  assert.deepEqual([called.status, called.body.code], [404, "duty_not_found"]);
  // by a replica of the version before
  await db.query("UPDATE duties SET due_at = now() WHERE name = 'nodes'");
  await look();
  assert.equal((await namesOfDuties()).includes("nodes"), false);
});
