/** What is asked all the time is parsed and planned once on each connection, and again when a migration makes it stale. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import {
  findKeyByHash,
  insertJob,
  insertKey,
  type Store,
  sendOrder,
  type Transaction,
} from "../src/index.ts";
import { addUser, aJob, openStore, QUEUES, startCluster } from "./harness.ts";

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
    const traceparent =
      n === 0 ? undefined : "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const send = async (db: Transaction) => {
      const order = { v: 1, order_id: randomUUID(), job_id: "none", arguments: {} } as const;
      for (const queue of QUEUES) {
        await sendOrder(db, { queue, order: { ...order, action: "cancel" } });
        const one = { queue, order: { ...order, action: "create" }, traceparent } as const;
        await insertJob(db, { ...aJob(userId, `${queue.replace("_", "-")}-${n}`), order: one });
      }
    };
    await store.transaction(send, { traceparent });
  }
  // an order's statement names its queue, and is another one with a trace
  assert.deepEqual(await preparedOn(store), [
    "find_key",
    "send_order_disk_operations",
    "send_order_gpu_reservations",
    "send_traced_disk_operations",
    "send_traced_gpu_reservations",
    "submit_job_disk_operations",
    "submit_job_gpu_reservations",
    "submit_traced_disk_operations",
    "submit_traced_gpu_reservations",
  ]);
});

test("a migration that changes what they answer is no error: connections with old plans go", async () => {
  const url = await cluster.createDatabase();
  const store = openStore(url, { max: 4 });
  const hash = "0".repeat(64);
  const userId = await addUser(store.pool);
  await insertKey(store.pool, {
    ...{ userId, keyHash: hash, keyPrefix: "gpud_aaaaaaaa", description: "test" },
    ...{ ttlSeconds: 60, loginTtlSeconds: 60 },
  });
  const inTransaction = () => store.transaction((db) => findKeyByHash(db, hash));
  const atItsEnd = () => store.transaction((db) => findKeyByHash(db.last, hash));
  const alone = () => findKeyByHash(store.pool, hash);
  const four = (work: () => Promise<unknown>) => Promise.all(Array.from({ length: 4 }, work));
  for (const [work, length] of [
    [inTransaction, 20],
    [atItsEnd, 30],
    [alone, 40],
  ] as const) {
    for (let round = 0; round < 3; round++) await four(work);
    const { pool } = openStore(url, { max: 1 });
    await pool.query(`ALTER TABLE api_keys ALTER COLUMN key_prefix TYPE varchar(${length})`);
    const found = await four(work);
    assert.ok(found.every((row) => row !== undefined));
  }
});
