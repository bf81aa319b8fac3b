/** A server that goes away and comes back: the store follows by itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { StoreError, sendMessage } from "../src/index.ts";
import { messageMetadata } from "../src/messages.ts";
import { addUser, openStore, startCluster } from "./harness.ts";

const cluster = await startCluster({ durable: true });
const store = openStore(await cluster.createDatabase());
await addUser(store.pool);

const isUnavailable = (error: unknown) =>
  error instanceof StoreError && error.code === "unavailable";

const at = new Date().toISOString();
const about = { job_id: "a", reservation_id: "a", user_id: "alice", username: "alice" };
const message = {
  ...{ action: "cancel" as const, ...about },
  ...{ requested_at: at, _metadata: messageMetadata(at) },
};

for (const mode of ["fast", "immediate", "kill"] as const) {
  test(`what was committed before a restart (${mode}) is there, and work goes on`, async () => {
    const queue = "gpu_reservations";
    const sent = await store.transaction((db) => sendMessage(db, { queue, message }));
    const open = store.transaction(async (db) => {
      await sendMessage(db, { queue, message });
      await cluster.restart(mode);
      await db.query("SELECT 1");
    });
    await assert.rejects(open, isUnavailable);
    const found = await store.transaction((db) =>
      db.query("SELECT msg_id::text FROM pgmq.q_gpu_reservations WHERE msg_id >= $1", [sent]),
    );
    assert.deepEqual(found.rows, [{ msg_id: sent }]);
    assert.equal(await store.isReachable(), true);
  });
}

test("a store can be made before its server, and is reachable when that is there", async () => {
  const never = openStore("postgresql://nobody:secret@127.0.0.1:1/none");
  assert.equal(await never.isReachable(), false);
  await assert.rejects(never.pool.query("SELECT 1"), (error) => {
    assert.ok(error instanceof StoreError);
    assert.match(error.message, /ECONNREFUSED/);
    assert.doesNotMatch(error.message + error.stack, /secret/);
    return true;
  });
});

test("without a server every answer is that it is unavailable, and soon", async () => {
  const lost = openStore(await cluster.createDatabase());
  assert.equal(await lost.isReachable(), true);
  await cluster.stop();
  await assert.rejects(
    lost.transaction((db) => db.query("SELECT 1")),
    isUnavailable,
  );
  await assert.rejects(lost.pool.query("SELECT 1"), isUnavailable);
});
