/** Each role does its work and nothing else, by SQL. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import pg from "pg";
import { connectTarget, insertJob, moveJob, type Queryable, type StoreLog } from "../src/index.ts";
import { migrate } from "../src/migrate.ts";
import { ROLES } from "../src/roles.ts";
import { addUser, aJob, openStore, QUEUES, silent, startCluster } from "./harness.ts";

const cluster = await startCluster({ isOwn: true });
const url = await cluster.createDatabase();
const { pool: owner } = openStore(url);
await addUser(owner);
await insertJob(owner, aJob(1, "somebody-0001"));
await owner.query("INSERT INTO disks (user_id, disk_name, size_gb) VALUES (1, 'data', 1)");

/** A login that is a member of the role and of nothing else. */
async function memberOf(role: string): Promise<pg.Client> {
  const login = `${role}_login`;
  await owner.query(`CREATE ROLE ${login} LOGIN PASSWORD 'example' IN ROLE ${role}`);
  const target = Object.assign(new URL(url), { username: login, password: "example" });
  const client = new pg.Client({ connectionString: target.href });
  await client.connect();
  // it ends with its server, which is stopped first
  client.on("error", () => {});
  return client;
}
const members = {
  airlock_api: await memberOf("airlock_api"),
  airlock_processor: await memberOf("airlock_processor"),
};

const FORBIDDEN = "42501";
type Role = (typeof ROLES)[number];
async function isAllowed(role: Role, text: string): Promise<boolean> {
  const client = members[role];
  await client.query("BEGIN");
  try {
    await client.query(text);
    return true;
  } catch (error) {
    assert.equal((error as pg.DatabaseError).code, FORBIDDEN, `${role}: ${text}: ${error}`);
    return false;
  } finally {
    await client.query("ROLLBACK");
  }
}

const JOB = "reservation_id = 'somebody-0001'";
const order = `'${JSON.stringify({ v: 1 })}'::jsonb`;
for (const [text, allowed] of [
  // what opens a pod's environment
  ["SELECT env_vars_sealed FROM reservations", ["airlock_processor"]],
  ["SELECT * FROM reservations", ["airlock_processor"]],
  ["SELECT jupyter_token_sealed, status FROM reservations", ROLES],
  ["SELECT env_vars_sealed::text LIKE '{%' FROM reservations", ["airlock_processor"]],
  [`UPDATE reservations SET extension_error = 'x' WHERE ${JOB}`, ROLES],
  [`UPDATE reservations SET launched_at = now() WHERE ${JOB}`, ["airlock_processor"]],
  [`UPDATE reservations SET user_id = 1 WHERE ${JOB}`, ["airlock_processor"]],
  [`UPDATE reservations SET jupyter_token_sealed = NULL WHERE ${JOB}`, ["airlock_processor"]],
  [`DELETE FROM reservations WHERE ${JOB}`, ROLES],
  [
    `INSERT INTO reservations (reservation_id, user_id, status, image, gpu_type, gpu_count, instance_type, duration_hours, pod_name)
     VALUES ('somebody-0002', 1, 'queued', 'i', 'h100', 1, 'p5.48xlarge', 1, 'x')`,
    ["airlock_api"],
  ],
  [
    "INSERT INTO job_events (reservation_id, seq, kind, actor) VALUES ('somebody-0001', 2, 'k', 'user')",
    ROLES,
  ],
  ["UPDATE job_events SET kind = 'x'", []],
  ["DELETE FROM job_events", []],
  // credentials
  ["SELECT key_hash FROM api_keys", ["airlock_api"]],
  [
    "INSERT INTO api_keys (user_id, key_hash, key_prefix, expires_at, login_expires_at) VALUES (1, repeat('a', 64), 'p', now(), now())",
    ["airlock_api"],
  ],
  ["UPDATE api_keys SET expires_at = now()", []],
  ["UPDATE api_keys SET revoked_at = now()", ["airlock_api"]],
  ["DELETE FROM auth_challenges", ["airlock_api"]],
  ["SELECT response FROM idempotency_keys", ["airlock_api"]],
  ["UPDATE api_users SET last_login_at = now()", ["airlock_api"]],
  // for operators
  ["UPDATE api_users SET is_active = true", ["airlock_api"]],
  ["UPDATE api_users SET deleting_since = now(), is_active = false", ["airlock_api"]],
  ["UPDATE api_users SET username = 'other'", []],
  ["UPDATE api_users SET aws_session = 'other'", []],
  ["DELETE FROM api_users", []],
  // what the processor keeps
  ["SELECT FROM job_pods, nodes, job_tasks, duties, disk_snapshots", ROLES],
  ["INSERT INTO nodes (node_name) VALUES ('n')", ["airlock_processor"]],
  ["INSERT INTO duties (name, period_seconds) VALUES ('d', 1)", ROLES],
  ["DELETE FROM duties", ["airlock_processor"]],
  ["UPDATE stray_pods SET wanted_gone_at = now()", ROLES],
  ["UPDATE stray_pods SET removed_at = now()", ["airlock_processor"]],
  [
    "INSERT INTO job_tasks (reservation_id, kind) VALUES ('somebody-0001', 'warn')",
    ["airlock_processor"],
  ],
  // operators set them through the API
  ["UPDATE quotas SET max_gpus = 1", ["airlock_api"]],
  ["DELETE FROM cordons", ["airlock_api"]],
  ["SELECT FROM quotas, cordons", ROLES],
  ["SELECT FROM dead_orders, order_faults", ROLES],
  ["UPDATE dead_orders SET message = '{}'", ["airlock_processor"]],
  [
    "INSERT INTO dead_orders (queue, msg_id, message, faults, last_fault, enqueued_at) VALUES ('q', 1, '{}', 1, 'f', now())",
    ["airlock_processor"],
  ],
  ["UPDATE gpu_types SET is_active = false", []],
  // disks
  ["UPDATE disks SET disk_name = 'other'", ROLES],
  ["UPDATE disks SET ebs_volume_id = 'x'", ["airlock_processor"]],
  ["INSERT INTO disks (user_id, disk_name) VALUES (1, 'more')", ["airlock_api"]],
  // queues
  [`SELECT pgmq.send('gpu_reservations'::text, ${order}, 0)`, ROLES],
  ["SELECT pgmq.metrics('gpu_reservations')", ROLES],
  ["SELECT pgmq.read('gpu_reservations'::text, 1, 1)", ["airlock_processor"]],
  ["SELECT pgmq.archive('gpu_reservations'::text, 1::bigint)", ["airlock_processor"]],
  ["DELETE FROM pgmq.a_gpu_reservations", ROLES],
  ["SELECT pgmq.drop_queue('gpu_reservations'::text)", []],
  // the schema is the owner's
  ["SELECT FROM schema_migrations", ROLES],
  ["DELETE FROM schema_migrations", []],
  ["DROP TABLE quotas", []],
  ["ALTER TABLE reservations ADD COLUMN more text", []],
  ["ALTER TABLE reservations DISABLE TRIGGER ALL", []],
  ["TRUNCATE auth_challenges", []],
  ["CREATE TABLE mine (n integer)", []],
] as const) {
  test(`${allowed.length === 2 ? "both" : (allowed[0] ?? "neither")}: ${text.slice(0, 70)}`, async () => {
    const found: string[] = [];
    for (const role of ROLES) if (await isAllowed(role, text)) found.push(role);
    assert.deepEqual(found, [...allowed]);
  });
}

test("the way in which a job changes is open to whoever changes it", async () => {
  const as = (role: Role): Queryable => ({
    query: (text, values) => members[role].query(text, values && [...values]) as never,
  });
  const about = {
    reservationId: "somebody-0001",
    event: { kind: "moved", actor: "processor" },
  } as const;
  assert.ok(
    await moveJob(as("airlock_processor"), { ...about, from: ["queued"], to: "preparing" }),
  );
  assert.ok(
    await moveJob(as("airlock_processor"), {
      ...about,
      from: ["preparing"],
      to: "active",
      set: { nodeIp: "10.0.0.1", generation: 1, jupyterTokenSealed: null, warningsSent: {} },
    }),
  );
  const endAs = moveJob(as("airlock_api"), {
    ...about,
    from: ["active"],
    set: { endAs: "failed" },
  });
  await assert.rejects(endAs, (error) => (error as pg.DatabaseError).code === FORBIDDEN);
});

test("every table has its line among the rights", async () => {
  const { rows } = await owner.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c
     WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
       AND NOT EXISTS (
         SELECT FROM unnest($1::text[]) AS role WHERE has_table_privilege(role, c.oid, 'SELECT')
           OR has_any_column_privilege(role, c.oid, 'SELECT')
       )`,
    [ROLES],
  );
  assert.deepEqual(rows, [], "no role may read them: a line is missing in roles.ts");
});

test("a login that may not make roles has them told, and migrates", async () => {
  const bare = await startCluster({ isBare: true });
  const database = new URL(await bare.createEmptyDatabase());
  const { pool } = openStore(database.href);
  await pool.query("CREATE ROLE gpudev LOGIN PASSWORD 'example'");
  await pool.query(`ALTER DATABASE ${database.pathname.slice(1)} OWNER TO gpudev`);
  const target = Object.assign(new URL(database), { username: "gpudev", password: "example" });
  const told: string[][] = [];
  const warn: StoreLog["warn"] = (fields) => void told.push((fields as { lines: string[] }).lines);
  const run = () =>
    migrate({ ...connectTarget(target.href), queues: QUEUES, log: { ...silent, warn } });
  await run();
  const [lines = []] = told;
  assert.ok(lines.includes("CREATE ROLE airlock_api NOLOGIN;"), lines.join("\n"));
  assert.ok(lines.includes("CREATE ROLE airlock_processor NOLOGIN;"));
  for (const line of lines) await pool.query(line);
  const has = `SELECT has_table_privilege('airlock_processor', 'reservations', 'UPDATE') AS yes`;
  assert.deepEqual((await pool.query(has)).rows, [{ yes: true }]);
  // once they are there, their owner gives them their rights
  await run();
  assert.equal(told.length, 1);
});

test("a queue of another name has its rights too", async () => {
  const queue = `other_${randomUUID().slice(0, 8)}`;
  await migrate({ ...connectTarget(url), queues: [queue], log: silent });
  assert.equal(
    await isAllowed("airlock_api", `SELECT pgmq.send('${queue}'::text, ${order}, 0)`),
    true,
  );
});
