/** A message is there when its row is, and somebody hears of it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import pg from "pg";
import {
  findJob,
  insertJob,
  type JobMessage,
  jobMessage,
  messageMetadata,
  QUEUE_CHANNEL,
  queueExists,
  queueMetrics,
  sendMessage,
} from "../src/index.ts";
import { addUser, aJob, openStore, startCluster } from "./harness.ts";

const cluster = await startCluster();
const queue = "gpu_reservations";
const url = await cluster.createDatabase();
const store = openStore(url);

function cancelMessage(id: string): JobMessage {
  const at = new Date().toISOString();
  const about = { job_id: id, reservation_id: id, user_id: "alice", username: "alice" };
  return { action: "cancel", ...about, requested_at: at, _metadata: messageMetadata(at) };
}

test("a row and its message are both there after COMMIT, and neither after ROLLBACK", async () => {
  const userId = await addUser(store.pool);
  const accept = (id: string, isRefused: boolean) =>
    store.transaction(async (db) => {
      await insertJob(db, aJob(userId, id));
      const messageId = await sendMessage(db, { queue, message: cancelMessage(id) });
      if (isRefused) throw new Error("second thoughts");
      return messageId;
    });
  await assert.rejects(accept("refused-00001", true), /second thoughts/);
  const messageId = await accept("accepted-0001", false);
  assert.match(messageId, /^\d+$/);
  assert.equal(await findJob(store.pool, { userId, reservationId: "refused-00001" }), undefined);
  assert.ok(await findJob(store.pool, { userId, reservationId: "accepted-0001" }));
  const sent = await store.pool.query<{ msg_id: string; message: unknown }>(
    "SELECT msg_id::text, message FROM pgmq.read($1::text, 30::integer, 10::integer)",
    [queue],
  );
  assert.deepEqual(
    sent.rows.map((row) => [row.msg_id, jobMessage.parse(row.message).job_id]),
    [[messageId, "accepted-0001"]],
  );
});

test("a listener hears of a message when it is committed, not before", async () => {
  const listener = new pg.Client({ connectionString: url });
  await listener.connect();
  try {
    await listener.query(`LISTEN ${QUEUE_CHANNEL}`);
    const heard: string[] = [];
    listener.on("notification", ({ payload }) => heard.push(payload ?? ""));
    await store.transaction(async (db) => {
      await sendMessage(db, { queue, message: cancelMessage("heard-000001") });
      // had it been sent already, it would come before this answer
      await listener.query("SELECT 1");
      assert.deepEqual(heard, []);
    });
    if (heard.length === 0) await once(listener, "notification");
    assert.deepEqual(heard, [queue]);
  } finally {
    await listener.end();
  }
});

test("senders of one queue do not wait for each other", async () => {
  const { length } = await queueMetrics(store.pool, queue);
  await store.transaction(async (db) => {
    await sendMessage(db, { queue, message: cancelMessage("first-000001") });
    await store.transaction((other) =>
      sendMessage(other, { queue, message: cancelMessage("second-00001") }),
    );
  });
  assert.equal((await queueMetrics(store.pool, queue)).length, length + 2);
});

test("a queue's length, and what of it can be read, and since when", async () => {
  const { pool } = openStore(await cluster.createDatabase());
  const empty = { length: 0, visible: 0, oldest_age_seconds: null };
  assert.deepEqual(await queueMetrics(pool, queue), empty);
  await sendMessage(pool, { queue, message: cancelMessage("now-00000001") });
  await sendMessage(pool, { queue, message: cancelMessage("later-000001"), delaySeconds: 60 });
  await pool.query(
    "UPDATE pgmq.q_gpu_reservations SET enqueued_at = now() - interval '90 seconds' WHERE msg_id = 1",
  );
  const metrics = await queueMetrics(pool, queue);
  assert.deepEqual([metrics.length, metrics.visible], [2, 1]);
  assert.ok((metrics.oldest_age_seconds ?? 0) >= 90);
});

test("a queue is there or not, with PGMQ and without", async () => {
  const { pool } = store;
  assert.equal(await queueExists(pool, "gpu_reservations"), true);
  assert.equal(await queueExists(pool, "disk_operations"), true);
  assert.equal(await queueExists(pool, "nope"), false);
  const { pool: bare } = openStore(await cluster.createEmptyDatabase());
  assert.equal(await queueExists(bare, "gpu_reservations"), false);
});

test("environment variables have no place in a message", () => {
  const message = { ...cancelMessage("any-00000001"), env_vars: { TOKEN: "secret" } };
  assert.ok(!("env_vars" in jobMessage.parse(message)));
});
