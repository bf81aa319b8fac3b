/** Operators' routes: who gets in, users, keys and jobs, and that the audit log has a line for every call. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { insertJob, readOrders, upsertUser } from "@airlock/jobs-store";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { ALICE, auditsOf, ROLE, startAdminWorld } from "./admin-world.ts";
import { activate, type JobsRig, startJobs } from "./harness.ts";

const { world, database, one, other, db, admin, bob, asAdmin, userIdOf, submit } =
  await startAdminWorld();

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
  // a tunnel is asked for by an upgrade: services/jobs/test/tunnel.alone.test.ts
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
