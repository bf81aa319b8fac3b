/** What airlock-migrate refuses, in words, before it changes anything; and for whom it waits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Environment, loadSettings } from "@airlock/config";
import pg from "pg";
import { connectTarget, type StoreLog, targetOf } from "../src/index.ts";
import { migrate } from "../src/migrate.ts";
import { migrateEnvironment, migrateSchema } from "../src/migrate-settings.ts";
import { openStore, QUEUES, silent, startCluster } from "./harness.ts";

const cluster = await startCluster({ isOwn: true });

async function run(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const text of statements) await client.query(text);
  } finally {
    await client.end();
  }
}
const migrateAt = (url: string, log: StoreLog = silent) =>
  migrate({ ...connectTarget(url), queues: QUEUES, log });
const countTables = async (url: string) => {
  const { pool } = openStore(url);
  const { rows } = await pool.query<{ n: number }>(
    "SELECT count(*)::integer AS n FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
  );
  return rows[0]?.n;
};

test("the tables of the service that was there before are not taken for ours", async () => {
  const url = await cluster.createEmptyDatabase();
  await run(
    url,
    "CREATE TABLE api_users (user_id serial PRIMARY KEY, username varchar(255) NOT NULL)",
    "CREATE TABLE reservations (reservation_id varchar(255) PRIMARY KEY, status varchar(50))",
    // what the release before leaves of its own attempt
    "CREATE TABLE schema_migrations (id serial PRIMARY KEY, name varchar(255), run_on timestamp)",
  );
  await assert.rejects(
    migrateAt(url),
    /^Error: this database has tables that Airlock did not make \(api_users, reservations\), .*: give Airlock a database of its own$/,
  );
  assert.equal(await countTables(url), 3);
});

test("an index that is not valid is not taken for one", async () => {
  const url = await cluster.createDatabase();
  const drop = "DROP INDEX reservations_due";
  await run(
    url,
    drop,
    "INSERT INTO api_users (username, aws_account, aws_role, aws_session) VALUES ('a', '111122223333', 'R', 's')",
  );
  const job = (id: string) =>
    `INSERT INTO reservations (reservation_id, user_id, status, image, gpu_type, gpu_count, instance_type, duration_hours, pod_name)
     VALUES ('${id}', 1, 'queued', 'i', 'h100', 1, 'p5.48xlarge', 1, '${id}')`;
  await run(url, job("twice-00000001"), job("twice-00000002"));
  // cut off by what it finds, as an index that was built by hand may be
  const build = "CREATE UNIQUE INDEX CONCURRENTLY reservations_due ON reservations (user_id)";
  await assert.rejects(run(url, build), /could not create unique index/);
  await assert.rejects(migrateAt(url), /^Error: not valid: reservations_due; .* migrate again$/);
  await run(url, drop);
  assert.deepEqual(await migrateAt(url), []);
});

test("another encoding and a read-only database are refused in a sentence", async () => {
  const url = new URL(await cluster.createEmptyDatabase());
  const [name, ascii] = [url.pathname.slice(1), `${url.pathname.slice(1)}_ascii`];
  await run(
    url.href,
    `CREATE DATABASE ${ascii} ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc TEMPLATE template0`,
  );
  const elsewhere = Object.assign(new URL(url), { pathname: ascii });
  await assert.rejects(migrateAt(elsewhere.href), /encoding is SQL_ASCII: it must be UTF8/);
  await run(url.href, `ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  await assert.rejects(migrateAt(url.href), /the database is read-only/);
  assert.equal(await countTables(elsewhere.href), 0);
});

test("who waits for another process names it, and does not wait for ever", async () => {
  const url = await cluster.createEmptyDatabase();
  const other = new pg.Client({ connectionString: url, application_name: "stuck" });
  await other.connect();
  const { rows } = await other.query("SELECT pg_advisory_lock(7115331), pg_backend_pid() AS pid");
  const [{ pid }] = rows;
  const holders: unknown[] = [];
  const info = (fields: object) => void holders.push((fields as { holder: unknown }).holder);
  const waiting = migrate({
    ...connectTarget(url),
    queues: QUEUES,
    log: { ...silent, info },
    lockLimitMs: 31_000,
    pause: async () => {},
  });
  await assert.rejects(waiting, {
    message: `session ${pid} of the database has kept the lock of the migrations for 31 s; if that is stuck: SELECT pg_terminate_backend(${pid})`,
  });
  await other.end();
  assert.deepEqual(
    holders.map((holder) => [
      (holder as { pid: number }).pid,
      (holder as { program: string }).program,
    ]),
    [
      [pid, "stuck"],
      [pid, "stuck"],
      [pid, "stuck"],
    ],
  );
  assert.equal((await migrateAt(url)).length > 0, true, "the lock is free again");
});

test("the migration may have a login of its own", () => {
  const service = { DATABASE_URL: "postgresql://api:a@pooler:6432/x", ENVIRONMENT: "dev" };
  const urlIn = (environment: Environment) =>
    targetOf(loadSettings(migrateSchema, migrateEnvironment(environment))).url;
  assert.equal(urlIn(service), service.DATABASE_URL);
  const owner = "postgresql://owner:b@server:5432/x";
  assert.equal(urlIn({ ...service, MIGRATION_DATABASE_URL: owner }), owner);
  assert.throws(
    () => urlIn({ ...service, MIGRATION_DATABASE_URL: "mysql://x" }),
    /MIGRATION_DATABASE_URL: must be postgresql/,
  );
});
