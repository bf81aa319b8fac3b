/** Questions that are asked all the time are answered by an index, among many rows. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { findJobsByPrefix, findKeyByHash, listJobs, type Queryable } from "../src/index.ts";
import { openStore, startCluster } from "./harness.ts";

const cluster = await startCluster();
const { pool } = openStore(await cluster.createDatabase());

before(async () => {
  await pool.query(`
    INSERT INTO api_users (username, aws_account, aws_role, aws_session)
    SELECT 'user-' || n, '111122223333', 'Role', 'user-' || n FROM generate_series(1, 100) AS n`);
  await pool.query(`
    INSERT INTO api_keys (user_id, key_hash, key_prefix, expires_at, login_expires_at)
    SELECT 1 + n % 100, encode(sha256(n::text::bytea), 'hex'), 'gpud_' || n, now(), now()
    FROM generate_series(1, 5000) AS n`);
  await pool.query(`
    INSERT INTO reservations (reservation_id, user_id, status, image, gpu_type, gpu_count,
      instance_type, duration_hours, pod_name, created_at, reservation_ended, cleaned_at, due_at)
    SELECT gen_random_uuid(), 1 + n % 10, 'expired', 'i', 'h100', 1, 'p5.48xlarge', 1, 'pod-' || n,
      now() - make_interval(secs => n), now(), now(), NULL
    FROM generate_series(1, 5000) AS n`);
  await pool.query("ANALYZE");
});

/** How Postgres carries out the one statement that `call` makes. */
async function planOf(call: (db: Queryable) => Promise<unknown>): Promise<string> {
  const asked: Parameters<Queryable["query"]>[] = [];
  await call({
    query: (...statement) => {
      asked.push(statement);
      return Promise.resolve({ rows: [], rowCount: 0 });
    },
  });
  assert.equal(asked.length, 1, "one statement");
  const [text, values] = asked[0] as Parameters<Queryable["query"]>;
  const { rows } = await pool.query<{ "QUERY PLAN": string }>(`EXPLAIN ${text}`, values);
  return rows.map((row) => row["QUERY PLAN"]).join("\n");
}

test("a key by its hash", async () => {
  const plan = await planOf((db) => findKeyByHash(db, "0".repeat(64)));
  assert.match(plan, /Index Scan using api_keys_key_hash_key/);
  assert.doesNotMatch(plan, /Seq Scan on api_keys/);
});

test("a page of a user's jobs, without sorting them", async () => {
  const position = { createdAt: new Date(Date.now() - 3_600_000), reservationId: "5" };
  for (const after of [undefined, position]) {
    const plan = await planOf((db) => listJobs(db, { userId: 7, after, limit: 20 }));
    assert.match(plan, /Index Scan using reservations_by_user/);
    assert.doesNotMatch(plan, /Sort/);
  }
});

test("a job by the beginning of its id", async () => {
  const plan = await planOf((db) => findJobsByPrefix(db, { userId: 7, prefix: "0a1b2c3d" }));
  assert.match(plan, /Index Cond: .*reservation_id.* >= '0a1b2c3d'/);
});
