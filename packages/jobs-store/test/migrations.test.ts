/** A schema from nothing, from itself, and from two processes at once. */
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseTarGzip } from "nanotar";
import { connectTarget, isSchemaReady, queueExists } from "../src/index.ts";
import { migrate } from "../src/migrate.ts";
import { LATEST_MIGRATION } from "../src/statements/schema/is-schema-ready.ts";
import { migrateUrl, openStore, QUEUES, silent, startCluster } from "./harness.ts";

const cluster = await startCluster({ isOwn: true });
const FILES = (await readdir(new URL("../migrations", import.meta.url)))
  .filter((name) => name.endsWith(".sql"))
  .map((name) => name.replace(".sql", ""))
  .sort();

test("the service knows when its schema is there", async () => {
  assert.equal(LATEST_MIGRATION, FILES.at(-1));
  const { pool } = openStore(await cluster.createEmptyDatabase());
  assert.equal(await isSchemaReady(pool), false);
  const { pool: migrated } = openStore(await cluster.createDatabase());
  assert.equal(await isSchemaReady(migrated), true);
});

test("files of migrations are numbered without a gap", () => {
  assert.deepEqual(
    FILES.map((name) => Number(name.slice(0, 3))),
    FILES.map((_, index) => index + 1),
  );
});

const SHAPE = `
SELECT table_name, column_name, data_type, is_nullable, column_default
FROM information_schema.columns WHERE table_schema = 'public'
ORDER BY table_name, column_name`;

test("an empty database gets every migration, PGMQ and the queues", async () => {
  const url = await cluster.createEmptyDatabase();
  assert.deepEqual(await migrateUrl(url), FILES);
  const { pool } = openStore(url);
  const component = await pool.query("SELECT name, version, origin FROM installed_components");
  assert.deepEqual(component.rows, [{ name: "pgmq", version: "1.11.1", origin: "sql" }]);
  const queues = await pool.query("SELECT queue_name FROM pgmq.list_queues() ORDER BY 1");
  assert.deepEqual(queues.rows, [
    { queue_name: "disk_operations" },
    { queue_name: "gpu_reservations" },
  ]);
  const types = await pool.query("SELECT count(*)::integer AS n FROM gpu_types");
  assert.deepEqual(types.rows, [{ n: 10 }]);
});

test("a second run finds nothing to do and leaves messages where they are", async () => {
  const url = await cluster.createDatabase();
  const { pool } = openStore(url);
  await pool.query("SELECT pgmq.send('gpu_reservations'::text, '{}'::jsonb, 0)");
  const before = (await pool.query(SHAPE)).rows;
  assert.deepEqual(await migrateUrl(url), []);
  assert.deepEqual((await pool.query(SHAPE)).rows, before);
  const waiting = await pool.query("SELECT msg_id FROM pgmq.q_gpu_reservations");
  assert.equal(waiting.rowCount, 1);
});

test("two processes that start at once migrate once", async () => {
  const url = await cluster.createEmptyDatabase();
  const [one, two] = await Promise.all([migrateUrl(url), migrateUrl(url)]);
  assert.deepEqual([...one, ...two].sort(), FILES);
});

test("while a newer version migrates, one whose schema is there waits for nothing", async () => {
  const url = await cluster.createDatabase();
  const { pool, transaction } = openStore(url);
  let started: Promise<string[]> | undefined;
  await transaction(async (newer) => {
    await newer.query("SELECT pg_advisory_xact_lock($1)", [7_115_331]);
    assert.deepEqual(await migrateUrl(url), []);
    // another queue is wanted, so this one has to wait for its turn
    await pool.query("SELECT pgmq.drop_queue('disk_operations'::text)");
    const told = Promise.withResolvers<object>();
    const info = (fields: object, words: string) => {
      if (words === "another process migrates; waiting for it") told.resolve(fields);
    };
    started = migrate({
      ...connectTarget(url),
      queues: QUEUES,
      log: { ...silent, info },
      pause: () => delay(20),
    });
    const { holder } = (await told.promise) as { holder: { program: string } };
    assert.equal(holder.program, "airlock");
  });
  assert.deepEqual(await started, []);
  assert.equal(await queueExists(pool, "disk_operations"), true);
});

test("a second run does not lock a queue against who sends to it", async () => {
  const url = await cluster.createDatabase();
  const { transaction } = openStore(url);
  await transaction(async (sender) => {
    await sender.query("SELECT pgmq.send('gpu_reservations'::text, '{}'::jsonb, 0)");
    assert.deepEqual(await migrateUrl(url), []);
  });
});

test("an older version finds nothing to do on a newer schema", async () => {
  const url = await cluster.createDatabase();
  const { pool } = openStore(url);
  await pool.query("INSERT INTO schema_migrations (name, run_on) VALUES ('999_next', now())");
  assert.deepEqual(await migrateUrl(url), []);
  assert.equal(await isSchemaReady(pool), true);
});

test("an owner who is no superuser can migrate", async () => {
  const url = new URL(await cluster.createEmptyDatabase());
  const name = url.pathname.slice(1);
  const { pool } = openStore(url.href);
  await pool.query("CREATE ROLE gpudev LOGIN PASSWORD 'example'");
  await pool.query(`ALTER DATABASE ${name} OWNER TO gpudev`);
  url.username = "gpudev";
  url.password = "example";
  assert.deepEqual(await migrateUrl(url.href), FILES);
});

test("a table without time zones does not exist", async () => {
  const { pool } = openStore(await cluster.createDatabase());
  const naive = await pool.query(`
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND data_type = 'timestamp without time zone'
      AND table_name <> 'schema_migrations'`);
  assert.deepEqual(naive.rows, []);
});

/** PGMQ's extension files, where the server's user can read them. */
async function unpackExtension(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "airlock-extension-"));
  after(() => rm(folder, { recursive: true, force: true }));
  const module = import.meta.resolve("@electric-sql/pglite-pgmq");
  const archive = await readFile(fileURLToPath(new URL("pgmq.tar.gz", module)));
  await mkdir(path.join(folder, "extension"));
  for (const { name, text } of await parseTarGzip(archive)) {
    if (/pgmq(--1\.11\.1\.sql|\.control)$/.test(name)) {
      await writeFile(path.join(folder, "extension", path.basename(name)), text);
    }
  }
  await chmod(folder, 0o755);
  return folder;
}

test("PGMQ comes as an extension where the server has it", async () => {
  const folder = await unpackExtension();
  const url = await cluster.createEmptyDatabase();
  const { pool } = openStore(url);
  const database = new URL(url).pathname.slice(1);
  await pool.query(`ALTER DATABASE ${database} SET extension_control_path = '${folder}'`);
  await migrateUrl(url);
  await migrateUrl(url);
  const { rows } = await pool.query("SELECT name, version, origin FROM installed_components");
  assert.deepEqual(rows, [{ name: "pgmq", version: "1.11.1", origin: "extension" }]);
  const sent = await pool.query("SELECT pgmq.send('disk_operations'::text, '{}'::jsonb, 0)");
  assert.equal(sent.rowCount, 1);
});
