/** A server that goes away and comes back: the store follows by itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type JobOrder, StoreError, sendOrder } from "../src/index.ts";
import { addUser, openStore, startCluster } from "./harness.ts";

const cluster = await startCluster({ durable: true });
const store = openStore(await cluster.createDatabase());
await addUser(store.pool);

const isUnavailable = (error: unknown) =>
  error instanceof StoreError && error.code === "unavailable";

const order: JobOrder = {
  v: 1,
  action: "cancel",
  order_id: "5b1c1f64-7a3d-4c1e-9b62-0f5a6f1f2c11",
  job_id: "a",
  arguments: {},
};

for (const mode of ["fast", "immediate", "kill"] as const) {
  test(`what was committed before a restart (${mode}) is there, and work goes on`, async () => {
    const queue = "gpu_reservations";
    const sent = await store.transaction((db) => sendOrder(db, { queue, order }));
    const open = store.transaction(async (db) => {
      await sendOrder(db, { queue, order });
      await cluster.restart(mode);
      await db.query("SELECT 1");
    });
    await assert.rejects(open, isUnavailable);
    const found = await store.transaction((db) =>
      db.query("SELECT msg_id::text FROM pgmq.q_gpu_reservations WHERE msg_id >= $1", [sent]),
    );
    assert.deepEqual(found.rows, [{ msg_id: sent }]);
    assert.equal(await store.reach(), undefined);
  });
}

test("a store can be made before its server, and is reachable when that is there", async () => {
  const never = openStore("postgresql://nobody:secret@127.0.0.1:1/none");
  assert.match((await never.reach())?.message ?? "", /ECONNREFUSED/);
  await assert.rejects(never.pool.query("SELECT 1"), (error) => {
    assert.ok(error instanceof StoreError);
    assert.match(error.message, /ECONNREFUSED/);
    assert.doesNotMatch(error.message + error.stack, /secret/);
    return true;
  });
});

test("without a server every answer is that it is unavailable, and soon", async () => {
  const lost = openStore(await cluster.createDatabase());
  assert.equal(await lost.reach(), undefined);
  await cluster.stop();
  await assert.rejects(
    lost.transaction((db) => db.query("SELECT 1")),
    isUnavailable,
  );
  await assert.rejects(lost.pool.query("SELECT 1"), isUnavailable);
});
