/** Operators' routes: who gets in, what each does, and that the audit log has a line for every call. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { faultOrder, insertJob, readOrders, upsertUser } from "@airlock/jobs-store";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import {
  type AskOptions,
  activate,
  countOf,
  type JobsRig,
  SEED_JOB,
  startJobs,
  startWorld,
} from "./harness.ts";

const ROLE = "SSOCloudDevGpuReservation";
const ALICE = `aws:111122223333:${ROLE}:alice@example.com`;
const env = { ADMIN_SUBJECTS: ALICE };
const world = await startWorld();
const database = await world.cluster.createDatabase();
const one = await startJobs(world, database, { env });
const other = await startJobs(world, database, { env });
const { db } = one;
const admin = await one.login();
const bob = await one.login(KNOWN_SESSIONS.otherGpuUser);

const asAdmin = (method: string, path: string, body?: object, options: AskOptions = {}) =>
  one.ask(method, `/v1/admin${path}`, { key: admin, ...(body && { body }), ...options });

interface AuditLine {
  readonly event: string;
  readonly outcome: string;
  readonly caller: string;
  readonly username: string;
  readonly status: number;
  readonly route: string;
  readonly [field: string]: unknown;
}
const auditsOf = (rig: JobsRig): AuditLine[] =>
  rig.lines
    .map((line) => JSON.parse(line))
    .filter(({ audit, event }) => audit && event.startsWith("admin_"));

const userIdOf = async (name: string): Promise<number> => {
  const { status, body } = await asAdmin("GET", `/users?username=${name}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body.users[0].user_id;
};
const submit = async (key: string, more: object = {}): Promise<string> => {
  const body = { ...SEED_JOB, disk_name: null, disk_size_gb: null, ...more };
  const answer = await one.ask("POST", "/v1/jobs/submit", { key, body });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body.job_id;
};

/** Every route of operators, as the service itself documents them. */
const ROUTES = await (async () => {
  const { paths } = (await one.ask("GET", "/openapi.json")).body;
  return Object.entries(paths as Record<string, object>).flatMap(([path, methods]) =>
    path.startsWith("/v1/admin")
      ? Object.keys(methods).map((method) => [method.toUpperCase(), path] as const)
      : [],
  );
})();

test("who is no operator is 403 at every route, whatever is sent, and each has its audit line", async () => {
  assert.ok(ROUTES.length >= 20, String(ROUTES.length));
  const before = auditsOf(one).length;
  for (const [method, path] of ROUTES) {
    const target = `${path.replaceAll(/\{\w+\}/g, "1")}?nonsense=1`;
    for (const [key, status, code] of [
      [undefined, 401, "api_key_missing"],
      [bob, 403, "admin_only"],
    ] as const) {
      const body = method === "POST" ? { body: { nonsense: true } } : {};
      const answer = await one.ask(method, target, { ...(key && { key }), ...body });
      assert.deepEqual([answer.status, answer.body.code], [status, code], `${method} ${path}`);
    }
  }
  const lines = auditsOf(one).slice(before);
  assert.equal(lines.length, ROUTES.length);
  for (const [index, [, path]] of ROUTES.entries()) {
    const line = lines[index];
    assert.equal(line?.route.replaceAll(/:(\w+)/g, "{$1}"), path);
    assert.deepEqual(
      [line?.outcome, line?.username, line?.status],
      ["refused", "bob-example.com", 403],
    );
  }
  const events = new Set(lines.map(({ event }) => event));
  assert.equal(events.size, ROUTES.length, "each has a word of its own");
});

test("no header makes an operator, and no spelling of a path leads around the check", async () => {
  const headers = {
    "x-airlock-caller": ALICE,
    "x-airlock-caller-whole": ALICE,
    "x-airlock-groups": ALICE,
    "x-airlock-client": "127.0.0.1",
    "x-airlock-layer": "proof",
    "x-forwarded-user": ALICE,
    "x-http-method-override": "GET",
  };
  const refused = await one.ask("GET", "/v1/admin/users", { key: bob, headers });
  assert.deepEqual([refused.status, refused.body.code], [403, "admin_only"]);
  const twice = { authorization: `Bearer ${bob}, Bearer ${admin}` };
  assert.equal((await one.ask("GET", "/v1/admin/users", { headers: twice })).status, 401);
  const head = await fetch(`${one.url}/v1/admin/users`, {
    method: "HEAD",
    headers: { authorization: `Bearer ${bob}` },
  });
  assert.equal(head.status, 403);
  for (const path of [
    "/v1/admin/users/",
    "/v1//admin/users",
    "/V1/admin/users",
    "/v1/Admin/users",
    "/v1/%61dmin/users",
    "/v1/jobs/../admin/users",
    "/v1/admin;x/users",
    "/v1/admin/users%2F",
    "/v1/admin%2Fusers",
  ]) {
    const { status, body } = await one.ask("GET", path, { key: bob });
    assert.ok([403, 404].includes(status) && body.users === undefined, `${path}: ${status}`);
  }
});

test("a foreign job is not found at any path that names one, whatever is asked", async () => {
  const { paths } = (await one.ask("GET", "/openapi.json")).body;
  const job = await submit(admin);
  const about = Object.entries(paths as Record<string, object>).flatMap(([path, methods]) =>
    path.includes("{job_id}") && !path.startsWith("/v1/admin")
      ? Object.keys(methods).map((method) => [method.toUpperCase(), path] as const)
      : [],
  );
  assert.ok(about.length >= 9, JSON.stringify(about));
  const bodies: Record<string, object> = {
    "/v1/jobs/{job_id}/extend": { extension_hours: 1 },
    "/v1/jobs/{job_id}/users": { github_username: "octocat" },
  };
  // a tunnel is asked for by an upgrade: services/jobs/test/tunnel.test.ts
  for (const [method, path] of about.filter(([, path]) => !path.endsWith("/tunnel"))) {
    for (const id of [job, job.slice(0, 8)]) {
      const body = bodies[path];
      const answer = await one.ask(method, path.replace("{job_id}", id), {
        key: bob,
        ...(body && { body }),
      });
      const what = `${method} ${path}: ${JSON.stringify(answer.body)}`;
      assert.deepEqual([answer.status, answer.body.code], [404, "job_not_found"], what);
    }
  }
  await asAdmin("POST", `/jobs/${job}/cancel`);
});

test("without ADMIN_SUBJECTS nobody is an operator", async () => {
  const rig = await startJobs(world, database);
  const answer = await rig.ask("GET", "/v1/admin/users", { key: admin });
  assert.deepEqual([answer.status, answer.body.code], [403, "admin_only"]);
  await rig.close();
});

test("users are found by name, caller, part and state, to the letter", async () => {
  for (const name of ["o'hara%_", "robert'); DROP TABLE api_users;--"]) {
    for (const word of ["username", "contains", "caller"]) {
      const { status, body } = await asAdmin("GET", `/users?${word}=${encodeURIComponent(name)}`);
      assert.deepEqual([status, body.users], [200, []], JSON.stringify(body));
    }
  }
  const found = async (query: string) =>
    (await asAdmin("GET", `/users?${query}`)).body.users.map(
      ({ username }: { username: string }) => username,
    );
  assert.deepEqual(await found("username=bob-example.com"), ["bob-example.com"]);
  assert.deepEqual(await found(`caller=${encodeURIComponent(ALICE)}`), ["alice-example.com"]);
  assert.deepEqual(await found("contains=BOB@"), ["bob-example.com"]);
  assert.deepEqual(await found("contains=%25"), [], "a percent sign means itself");
  assert.deepEqual(await found("state=disabled"), []);
  assert.deepEqual(await found("caller=aws:111122223333:x:%2500"), []);
  for (const bad of ["state=lost", "limit=0", "limit=1001", "cursor=x", "who=x", "username="]) {
    assert.equal((await asAdmin("GET", `/users?${bad}`)).status, 400, bad);
  }
  for (const id of ["0", "999999999", "99999999999", "x", "1'--"]) {
    const { status, body } = await asAdmin("GET", `/users/${encodeURIComponent(id)}`);
    assert.deepEqual([status, body.code], [404, "user_not_found"], id);
  }
});

test("ten thousand users come page by page, each once, by another replica too", async () => {
  // in pieces: one statement has three seconds
  for (let first = 1; first < 10_000; first += 2500) {
    await db.query(
      `INSERT INTO api_users (username, aws_account, aws_role, aws_session)
       SELECT 'many-' || n, '111122223333', 'Many', 'many-' || n
       FROM generate_series($1::integer, $2::integer) n`,
      [first, first + 2499],
    );
  }
  const seen: number[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < 30; page++) {
    const words = `contains=many-&limit=700${cursor ? `&cursor=${cursor}` : ""}`;
    const rig = page % 2 === 0 ? one : other;
    const { status, body } = await rig.ask("GET", `/v1/admin/users?${words}`, { key: admin });
    assert.equal(status, 200, JSON.stringify(body));
    seen.push(...body.users.map(({ user_id }: { user_id: number }) => user_id));
    cursor = body.next_cursor;
    if (cursor === null) break;
  }
  assert.equal(seen.length, 10_000);
  assert.deepEqual(
    seen,
    [...new Set(seen)].toSorted((a, b) => b - a),
  );
});

test("a disabled user is refused on every replica within a second, and let in again", async () => {
  const id = await userIdOf("bob-example.com");
  const ask = (rig: JobsRig) => rig.ask("GET", "/v1/keys", { key: bob });
  assert.equal((await ask(other)).status, 200);
  const disabled = await asAdmin("POST", `/users/${id}/disable`);
  assert.equal(disabled.status, 200, JSON.stringify(disabled.body));
  assert.deepEqual([disabled.body.user.state, disabled.body.cancelled_jobs], ["disabled", 0]);
  const since = performance.now();
  for (const rig of [one, other]) {
    while ((await ask(rig)).status === 200) {
      assert.ok(performance.now() - since < 5000, "still let in");
      await sleep(20);
    }
    assert.equal((await ask(rig)).body.code, "api_key_disabled");
  }
  await assert.rejects(one.login(KNOWN_SESSIONS.otherGpuUser), /api_key_disabled/);
  const enabled = await asAdmin("POST", `/users/${id}/enable`);
  assert.equal(enabled.body.user.state, "active");
  while ((await ask(other)).status !== 200) {
    assert.ok(performance.now() - since < 9000, "not let in again");
    await sleep(20);
  }
  const own = await asAdmin("POST", `/users/${await userIdOf("alice-example.com")}/disable`);
  assert.deepEqual([own.status, own.body.code], [409, "own_user"]);
});

test("with cancel_jobs all jobs of the user end: what waits at once, what runs by order", async () => {
  const carol = await upsertUser(db, {
    account: "111122223333",
    role: ROLE,
    sessionName: "carol",
    username: "carol",
  });
  const about = { userId: carol.user_id, name: null, image: "i", command: null, gpuType: "h100" };
  const plain = { ...about, gpuCount: 1, instanceType: "p5.48xlarge", durationHours: 1 };
  const none = { diskName: null, diskSizeGb: null, diskId: null, githubUser: "" };
  const bare = { ...none, sshPublicKeys: [], jupyterEnabled: false, envVarsSealed: null };
  const MANY = 60;
  for (let n = 0; n < MANY; n++) {
    const id = `carols-job-${String(n).padStart(4, "0")}`;
    const args = { ...plain, ...bare, wantedFingerprint: "k1:0", podName: `pod-${id}` };
    await insertJob(db, { ...args, reservationId: id });
  }
  await activate(db, "carols-job-0007");
  const { body } = await asAdmin("POST", `/users/${carol.user_id}/disable`, { cancel_jobs: true });
  assert.equal(body.cancelled_jobs, MANY, JSON.stringify(body));
  assert.equal(body.user.live_jobs, 1);
  const { rows } = await db.query(
    `SELECT status, count(*)::integer AS n FROM reservations WHERE user_id = $1 GROUP BY 1 ORDER BY 1`,
    [carol.user_id],
  );
  assert.deepEqual(rows, [
    { status: "active", n: 1 },
    { status: "cancelled", n: MANY - 1 },
  ]);
  const orders = await readOrders(db, { queue: "gpu_reservations", limit: 500, seconds: 0 });
  const cancels = orders.map(({ message }) => message as Record<string, unknown>);
  const carols = cancels.filter(({ job_id }) => job_id === "carols-job-0007");
  assert.deepEqual(
    carols.map(({ action, arguments: args }) => [action, args]),
    [["cancel", { by: "operator" }]],
  );
  const events = await db.query(
    "SELECT actor FROM job_events WHERE reservation_id = 'carols-job-0001' ORDER BY seq DESC LIMIT 1",
  );
  assert.deepEqual(events.rows, [{ actor: "operator" }]);
});

test("a user's keys are listed and ended, one or all, and never shown", async () => {
  const id = await userIdOf("bob-example.com");
  const second = await one.login(KNOWN_SESSIONS.otherGpuUser);
  const listed = await asAdmin("GET", `/users/${id}/keys`);
  assert.equal(listed.body.total, 2, JSON.stringify(listed.body));
  assert.ok(!JSON.stringify(listed.body).includes(second));
  const prefix = second.slice(0, 13);
  const foreign = await asAdmin("DELETE", `/users/${id}/keys/${admin.slice(0, 13)}`);
  assert.deepEqual([foreign.status, foreign.body.code], [404, "api_key_not_found"]);
  const pasted = await asAdmin("DELETE", `/users/${id}/keys/${second}`);
  assert.deepEqual([pasted.status, pasted.body.code], [404, "api_key_not_found"]);
  assert.ok(!one.lines.some((line) => line.includes(second)), "a whole key is in the log");
  const ended = await asAdmin("DELETE", `/users/${id}/keys/${prefix}`);
  assert.deepEqual(ended.body, { key_prefixes: [prefix], status: "revoked" });
  const all = await asAdmin("DELETE", `/users/${id}/keys`);
  assert.deepEqual(all.body.key_prefixes, [bob.slice(0, 13)]);
  const line = auditsOf(one).findLast(({ event }) => event === "admin_keys_revoke");
  assert.deepEqual(
    [line?.target, line?.ended, line?.outcome, line?.caller],
    ["bob-example.com", bob.slice(0, 13), "done", ALICE],
  );
});

test("everybody's jobs are listed by what is asked, shown with events and without secrets", async () => {
  const key = await one.login(KNOWN_SESSIONS.otherGpuUser);
  const mine = await submit(admin, { env_vars: { HF_TOKEN: "secret-canary" } });
  const his = await submit(key, { command: "echo secret-canary" });
  const bobs = await userIdOf("bob-example.com");
  const list = async (query: string) => {
    const { status, body } = await asAdmin("GET", `/jobs?${query}`);
    assert.equal(status, 200, JSON.stringify(body));
    assert.ok(!JSON.stringify(body).includes("secret-canary"));
    return body.jobs.map(({ job_id }: { job_id: string }) => job_id);
  };
  assert.deepEqual(await list("status=queued&gpu_type=h100"), [his, mine]);
  assert.deepEqual(await list(`user_id=${bobs}`), [his]);
  assert.deepEqual(await list("node=gpu-1&status=queued"), []);
  assert.deepEqual(await list("stuck=true&status=queued"), []);
  await db.query(
    "UPDATE reservations SET due_at = now() - interval '5 minutes' WHERE reservation_id = $1",
    [his],
  );
  assert.deepEqual(await list("stuck=true&status=queued"), [his]);
  const { next_cursor } = (await asAdmin("GET", "/jobs?status=queued&limit=1")).body;
  assert.deepEqual(await list(`status=queued&limit=1&cursor=${next_cursor}`), [mine]);
  const shown = (await asAdmin("GET", `/jobs/${his.slice(0, 13)}`)).body;
  assert.deepEqual(
    [shown.job_id, shown.username, shown.events.map(({ kind }: { kind: string }) => kind)],
    [his, "bob-example.com", ["submitted"]],
  );
  for (const bad of ["node=a'b", "user_id=x", "stuck=maybe", "offset=1", "status=lost"]) {
    assert.equal((await asAdmin("GET", `/jobs?${bad}`)).status, 400, bad);
  }
});

test("an operator cancels and extends anybody's job; its events say so, with the reason", async () => {
  const key = await one.login(KNOWN_SESSIONS.otherGpuUser);
  const waiting = await submit(key);
  const running = await submit(key);
  await activate(db, running);
  const reason = "The node is taken out of service.";
  const cancelled = await asAdmin("POST", `/jobs/${waiting}/cancel`, { reason });
  assert.equal(cancelled.status, 200, JSON.stringify(cancelled.body));
  const { events } = (await asAdmin("GET", `/jobs/${waiting}`)).body;
  const last = events.at(-1);
  assert.deepEqual([last.kind, last.actor, last.data.reason], ["cancelled", "operator", reason]);
  assert.equal((await asAdmin("POST", `/jobs/${waiting}/cancel`)).body.code, "job_ended");
  const extended = await asAdmin("POST", `/jobs/${running}/extend`, { extension_hours: 2 });
  assert.equal(extended.status, 200, JSON.stringify(extended.body));
  const far = await asAdmin("POST", `/jobs/${running}/extend`, { extension_hours: 5000 });
  assert.equal(far.status, 422, JSON.stringify(far.body));
  for (const bad of ["", "two\nlines", "x".repeat(501), "a\0b", "\x1b[2J", "\u202eevil", 7]) {
    const answer = await asAdmin("POST", `/jobs/${running}/cancel`, { reason: bad });
    assert.equal(answer.status, 422, JSON.stringify(bad));
  }
  // a user's body cannot say who asks
  const forged = { extension_hours: 1, by: "operator", reason: "forged" };
  await one.ask("POST", `/v1/jobs/${running}/extend`, { key, body: forged });
  const { rows } = await db.query<{ message: { arguments: object } }>(
    `SELECT message FROM pgmq.q_gpu_reservations
     WHERE message ->> 'job_id' = $1 AND message ->> 'action' = 'extend' ORDER BY msg_id`,
    [running],
  );
  assert.deepEqual(
    rows.map(({ message }) => message.arguments),
    [{ by: "operator", extension_hours: 2 }, { extension_hours: 1 }],
  );
});

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
  await db.query(
    `UPDATE reservations SET reservation_ended = now() - interval '200 days'
     WHERE status = 'cancelled' AND cleaned_at IS NOT NULL`,
  );
  await db.query("UPDATE duties SET due_at = now() + interval '1 hour' WHERE name = 'retention'");
  const report = (await asAdmin("GET", "/retention")).body;
  const jobs = report.kinds.find(({ kind }: { kind: string }) => kind === "jobs");
  assert.deepEqual([jobs.setting, jobs.days], ["KEEP_JOBS_DAYS", 90]);
  assert.ok(jobs.purgeable > 50, JSON.stringify(jobs));
  assert.ok(Date.parse(jobs.oldest_at) < Date.now() - 199 * 86_400_000);
  assert.equal(report.last_run.name, "retention");
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

test("deleting a user shuts them out, takes their keys and ends their jobs at once; twice is once", async () => {
  const key = await one.login(KNOWN_SESSIONS.lookAlike);
  const { user_id, username } = (await asAdmin("GET", "/users?contains=alice-example.com")).body
    .users[0];
  const job = await submit(key);
  const disk = { disk_name: "data", size_gb: 10 };
  assert.equal((await one.ask("POST", "/v1/disks", { key, body: disk })).status, 200);
  const erase = (name: string, rig = one) =>
    rig.ask("DELETE", `/v1/admin/users/${user_id}?username=${name}`, { key: admin });
  const other_ = await erase("bob-example.com");
  assert.deepEqual([other_.status, other_.body.code], [409, "user_mismatch"]);
  assert.equal((await erase("")).status, 400);
  const me = await userIdOf("alice-example.com");
  const own = await asAdmin("DELETE", `/users/${me}?username=alice-example.com`);
  assert.deepEqual([own.status, own.body.code], [409, "own_user"]);
  assert.equal((await one.ask("GET", "/v1/keys", { key })).status, 200, "nothing was done");
  const [first, second] = await Promise.all([erase(username), erase(username, other)]);
  for (const { status, body } of [first, second]) {
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.user.state, "deleting");
    assert.deepEqual([body.user.keys, body.user.left.disks], [0, 1]);
  }
  assert.equal((await asAdmin("GET", `/jobs/${job}`)).body.status, "cancelled");
  const { rows } = await db.query("SELECT FROM api_keys WHERE user_id = $1", [user_id]);
  assert.equal(rows.length, 0);
  await assert.rejects(one.login(KNOWN_SESSIONS.lookAlike), /api_key_disabled/);
  const enabled = await asAdmin("POST", `/users/${user_id}/enable`);
  assert.deepEqual([enabled.status, enabled.body.code], [409, "user_deleting"]);
  // as the processor does when nothing is left
  await db.query("DELETE FROM reservations WHERE user_id = $1", [user_id]);
  await db.query("DELETE FROM disks WHERE user_id = $1", [user_id]);
  await db.query("UPDATE api_users SET deleted_at = now() WHERE user_id = $1", [user_id]);
  assert.equal((await erase(username)).body.user.state, "deleted");
  await assert.rejects(one.login(KNOWN_SESSIONS.lookAlike), /api_key_disabled/);
  assert.equal((await asAdmin("POST", `/users/${user_id}/enable`)).body.user.state, "active");
  await one.login(KNOWN_SESSIONS.lookAlike);
});
