/** Nothing is kept for ever: a year of work, in weeks, leaves tables as large as a quarter does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  deleteEndedKeys,
  deleteGoneNodes,
  deleteOldArchive,
  deleteOldFaults,
  deleteOldJobs,
  forgetSome,
  type Retention,
} from "../src/index.ts";
import { addUser, openStore, QUEUES, startCluster } from "./harness.ts";

const cluster = await startCluster();
const { pool } = openStore(await cluster.createDatabase());
await addUser(pool);
await pool.query("INSERT INTO disks (user_id, disk_name, size_gb) VALUES (1, 'data', 1)");

const RETENTION: Retention = { queues: QUEUES, keysDays: 7, ordersDays: 7, jobsDays: 90 };
/** Of each kind. */
const A_WEEK = 20;
const WEEKS = 52;

const TABLES = [
  ...["reservations", "job_events", "job_tasks", "disk_operations", "api_keys"],
  ...["auth_challenges", "idempotency_keys", "pgmq.a_gpu_reservations", "pgmq.a_disk_operations"],
];

/** Everything that came to its end this week; one job in ten is over and not cleaned up yet. */
async function work(week: number): Promise<void> {
  const from = [week, A_WEEK];
  await pool.query(
    `WITH jobs AS (
       INSERT INTO reservations (reservation_id, user_id, status, image, gpu_type, gpu_count,
         instance_type, duration_hours, pod_name, reservation_ended, cleaned_at, due_at)
       SELECT 'job-' || $1::integer || '-' || lpad(n::text, 8, '0'), 1, 'completed', 'i', 'h100', 1,
         'p5.48xlarge', 1, 'pod-' || $1 || '-' || n, now(),
         CASE n % 10 WHEN 0 THEN NULL ELSE now() END, NULL
       FROM generate_series(1, $2::integer) n RETURNING reservation_id
     ), events AS (
       INSERT INTO job_events (reservation_id, seq, kind, actor)
       SELECT reservation_id, 1, 'submitted', 'user' FROM jobs
     )
     INSERT INTO job_tasks (reservation_id, kind) SELECT reservation_id, 'warn' FROM jobs`,
    from,
  );
  await pool.query(
    `INSERT INTO disk_operations (operation_id, disk_id, action, status, completed_at)
     SELECT gen_random_uuid(), disk_id, 'rename', 'completed', now()
     FROM disks, generate_series(1, $1::integer)`,
    [A_WEEK],
  );
  // half of them are ended before their time
  await pool.query(
    `INSERT INTO api_keys (user_id, key_hash, key_prefix, expires_at, login_expires_at, revoked_at)
     SELECT 1, encode(sha256(($1::integer || '-' || n)::bytea), 'hex'), 'k' || $1 || '-' || n,
       now() + n % 2 * interval '7 days', now() + interval '7 days',
       CASE n % 2 WHEN 1 THEN now() END
     FROM generate_series(1, $2::integer) n`,
    from,
  );
  await pool.query(
    `INSERT INTO auth_challenges (challenge_hash, expires_at)
     SELECT encode(sha256(($1::integer || '-' || n)::bytea), 'hex'), now()
     FROM generate_series(1, $2::integer) n`,
    from,
  );
  await pool.query(
    `INSERT INTO idempotency_keys (user_id, route, idempotency_key, fingerprint, expires_at)
     SELECT 1, 'POST /', $1::integer || '-' || n, repeat('0', 64), now()
     FROM generate_series(1, $2::integer) n`,
    from,
  );
  for (const queue of QUEUES) {
    await pool.query(
      `WITH sent AS (
         SELECT pgmq.send($1::text, '{}'::jsonb, 0) AS id FROM generate_series(1, $2::integer)
       ) SELECT count(*) FROM sent`,
      [queue, A_WEEK],
    );
    await pool.query(
      `SELECT pgmq.archive($1::text, (SELECT array_agg(msg_id) FROM pgmq.read($1::text, 30, $2)))`,
      [queue, A_WEEK],
    );
  }
}

/** A week goes by: what has a time is a week older. */
async function passAWeek(): Promise<void> {
  for (const sets of [
    "reservations SET reservation_ended = reservation_ended - interval '7 days', cleaned_at = cleaned_at - interval '7 days'",
    "disk_operations SET completed_at = completed_at - interval '7 days'",
    "api_keys SET expires_at = expires_at - interval '7 days', revoked_at = revoked_at - interval '7 days', login_expires_at = login_expires_at - interval '7 days'",
    "auth_challenges SET expires_at = expires_at - interval '7 days'",
    "idempotency_keys SET expires_at = expires_at - interval '7 days'",
    ...QUEUES.map((q) => `pgmq.a_${q} SET archived_at = archived_at - interval '7 days'`),
  ]) {
    await pool.query(`UPDATE ${sets}`);
  }
}

async function sizes(): Promise<Record<string, number>> {
  const parts = TABLES.map(
    (name) => `SELECT '${name}' AS name, count(*)::integer AS n FROM ${name}`,
  );
  const { rows } = await pool.query<{ name: string; n: number }>(parts.join(" UNION ALL "));
  return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
}

test("after a year the tables hold what is kept, and not a row more", async () => {
  for (let week = 1; week <= WEEKS; week++) {
    await work(week);
    while ((await forgetSome(pool, RETENTION, 7)) >= 7) {
      // a little at a time, as the service does
    }
    if (week < WEEKS) await passAWeek();
  }
  // what is not cleaned up is not over for whoever has to clean it up
  const notCleaned = (WEEKS * A_WEEK) / 10;
  const cleaned = A_WEEK * 0.9;
  // 90 days: this week and the twelve before it; 7 days: this week and the one that ended just then
  const quarter = 13;
  const jobs = cleaned * quarter + notCleaned;
  const kept = await sizes();
  const twoWeeks = kept.api_keys;
  assert.ok(twoWeeks === A_WEEK || twoWeeks === 2 * A_WEEK, JSON.stringify(kept));
  assert.deepEqual(kept, {
    reservations: jobs,
    job_events: jobs,
    job_tasks: jobs,
    disk_operations: A_WEEK * quarter,
    api_keys: twoWeeks,
    auth_challenges: 0,
    idempotency_keys: 0,
    "pgmq.a_gpu_reservations": twoWeeks,
    "pgmq.a_disk_operations": twoWeeks,
  });
});

test("live jobs, jobs that are not cleaned up and keys that work stay, however old", async () => {
  await pool.query(
    `INSERT INTO reservations (reservation_id, user_id, status, image, gpu_type, gpu_count,
       instance_type, duration_hours, pod_name, created_at)
     VALUES ('live-00000001', 1, 'queued', 'i', 'h100', 1, 'p5.48xlarge', 1, 'live', '2020-01-01')`,
  );
  const before = (await sizes()).reservations ?? 0;
  const gone = await deleteOldJobs(pool, { olderThanDays: 0, limit: 10_000 });
  assert.equal((await sizes()).reservations, before - gone);
  const left = await pool.query<{ over: boolean }>(
    "SELECT DISTINCT cleaned_at IS NOT NULL AS over FROM reservations",
  );
  assert.deepEqual(left.rows, [{ over: false }]);
  await pool.query(
    `INSERT INTO api_keys (user_id, key_hash, key_prefix, expires_at, login_expires_at)
     VALUES (1, repeat('f', 64), 'works', now() + interval '1 h', now() + interval '1 h')`,
  );
  await deleteEndedKeys(pool, { olderThanDays: 0, limit: 10_000 });
  const keys = await pool.query("SELECT key_prefix FROM api_keys");
  assert.deepEqual(keys.rows, [{ key_prefix: "works" }]);
});

test("one step is no longer than it is told, and two at once take different rows or none", async () => {
  await pool.query(
    `INSERT INTO order_faults (queue, msg_id, last_fault, last_at)
     SELECT 'q', n, 'x', now() - n * interval '1 day' FROM generate_series(1, 30) n`,
  );
  assert.equal(await deleteOldFaults(pool, { olderThanDays: 7, limit: 5 }), 5);
  const oldest = await pool.query("SELECT max(msg_id)::integer AS id FROM order_faults");
  assert.deepEqual(oldest.rows, [{ id: 25 }], "the oldest first");
  const both = await Promise.all([1, 2].map(() => forgetSome(pool, RETENTION, 3)));
  assert.equal(both.length, 2);
});

test("nodes that come and go under new names leave no more than a week of them", async () => {
  for (let week = 0; week < WEEKS; week++) {
    await pool.query(
      `INSERT INTO nodes (node_name, gpu_type, gone_at)
       SELECT 'node-' || $1::integer || '-' || n, 'h100', now() FROM generate_series(1, $2::integer) n`,
      [week, A_WEEK],
    );
    await deleteGoneNodes(pool, { olderThanDays: 7, limit: 500 });
    await pool.query("UPDATE nodes SET gone_at = gone_at - interval '7 days 1 second'");
  }
  const { rowCount } = await pool.query("SELECT FROM nodes");
  assert.equal(rowCount, A_WEEK);
});

test("a queue's name is never text of a statement", async () => {
  const queue = 'x"; DROP TABLE reservations; --';
  const purge = deleteOldArchive(pool, { queue, olderThanDays: 0, limit: 1 });
  await assert.rejects(purge, /no name of a queue/);
});
