/** What is asked all the time is parsed and planned once on each connection, and again when a migration makes it stale. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findGpuTypes, findKeyByHash, insertJob, type Store } from "../src/index.ts";
import { addUser, aJob, openStore, startCluster } from "./harness.ts";

const cluster = await startCluster();

/** Of the one connection that the store has. */
async function preparedOn({ pool }: Store): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    "SELECT name FROM pg_prepared_statements ORDER BY name",
  );
  return rows.map(({ name }) => name);
}

test("hot statements stay on a connection to the server itself, others do not", async () => {
  const store = openStore(await cluster.createDatabase(), { max: 1 });
  const userId = await addUser(store.pool);
  for (let n = 0; n < 3; n++) {
    await findKeyByHash(store.pool, "0".repeat(64));
    await store.transaction(async (db) => {
      await findGpuTypes(db, { gpuType: "h100" });
      await insertJob(db, aJob(userId, `prepared-${n}`));
    });
  }
  assert.deepEqual(await preparedOn(store), ["find_gpu_types", "find_key", "insert_job"]);
});

test("a migration that changes what they answer is no error: connections with old plans go", async () => {
  const url = await cluster.createDatabase();
  const store = openStore(url, { max: 4 });
  const inTransaction = () => store.transaction((db) => findGpuTypes(db, { gpuType: "h100" }));
  const alone = () => findGpuTypes(store.pool, { gpuType: "h100" });
  const four = (work: () => Promise<readonly unknown[]>) =>
    Promise.all(Array.from({ length: 4 }, work));
  for (const [work, length] of [
    [inTransaction, 60],
    [alone, 70],
  ] as const) {
    for (let round = 0; round < 3; round++) await four(work);
    const { pool } = openStore(url, { max: 1 });
    await pool.query(`ALTER TABLE gpu_types ALTER COLUMN gpu_type TYPE varchar(${length})`);
    const found = await four(work);
    assert.deepEqual(
      found.map((rows) => rows.length),
      [1, 1, 1, 1],
    );
  }
});
