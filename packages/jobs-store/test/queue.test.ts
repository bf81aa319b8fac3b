/** A message is there when its row is, and somebody hears of it. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import pg from "pg";
import { createBell } from "../src/bell.ts";
import {
  connectTarget,
  findJob,
  haveHeaders,
  insertJob,
  type JobOrder,
  listenForJobs,
  QUEUE_CHANNEL,
  queueExists,
  queueMetrics,
  readDiskOrder,
  readJobOrder,
  readOrders,
  sendOrder,
  type Transaction,
} from "../src/index.ts";
import { createJobBell } from "../src/job-bell.ts";
import { addUser, aJob, openStore, silent, startCluster } from "./harness.ts";

const cluster = await startCluster({ isOwn: true });
const queue = "gpu_reservations";
const url = await cluster.createDatabase();
const store = openStore(url);

const anOrder = (job_id: string): JobOrder => ({
  v: 1,
  action: "cancel",
  order_id: randomUUID(),
  job_id,
  arguments: {},
});
const send = (db: Transaction, id: string, delaySeconds?: number) =>
  sendOrder(db, { queue, order: anOrder(id), delaySeconds });

test("a row and its message are both there after COMMIT, and neither after ROLLBACK", async () => {
  const userId = await addUser(store.pool);
  const accept = (id: string, isRefused: boolean) =>
    store.transaction(async (db) => {
      await insertJob(db, aJob(userId, id));
      const messageId = await send(db, id);
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
    sent.rows.map((row) => [
      row.msg_id,
      readJobOrder(row.message, { queue, messageId: row.msg_id })?.job_id,
    ]),
    [[messageId, "accepted-0001"]],
  );
});

test("a listener hears of an order when it is committed, not before, and never of one undone", async () => {
  // the bell may still have to tell of what was sent before
  await sleep(300);
  const listener = new pg.Client({ connectionString: url });
  await listener.connect();
  try {
    await listener.query(`LISTEN ${QUEUE_CHANNEL}`);
    const heard: string[] = [];
    listener.on("notification", ({ payload }) => heard.push(payload ?? ""));
    const undone = store.transaction(async (db) => {
      await send(db, "undone-00001");
      throw new Error("second thoughts");
    });
    await assert.rejects(undone, /second thoughts/);
    await store.transaction(async (db) => {
      await send(db, "later-000001", 60);
    });
    await store.transaction(async (db) => {
      await send(db, "heard-000001");
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

test("many orders at once ring twice: for the first of them, and for the rest", async () => {
  const rung: unknown[] = [];
  const twice = Promise.withResolvers<void>();
  const bell = createBell(
    {
      query: async (_text, values) => {
        if (rung.push(values) === 2) twice.resolve();
        return { rows: [], rowCount: 0 };
      },
    },
    20,
  );
  for (let order = 0; order < 100; order++) bell.ring(queue);
  assert.deepEqual(rung, [[QUEUE_CHANNEL, queue]]);
  await twice.promise;
  bell.stop();
  assert.equal(rung.length, 2);
});

test("jobs to which something happened are told of together, by name as long as there are few", async () => {
  const rung: unknown[] = [];
  const bell = createJobBell(
    {
      query: async (_text, values) => {
        rung.push(values);
        return { rows: [], rowCount: 0 };
      },
    },
    5,
  );
  const rings = async (count: number) => {
    while (rung.length < count) await sleep(1);
  };
  bell.ring([]);
  for (const id of ["a", "b", "a", "c"]) bell.ring([id]);
  await rings(2);
  bell.ring(Array.from({ length: 101 }, (_, n) => `job-${n}`));
  await rings(3);
  bell.stop();
  bell.ring(["late"]);
  assert.deepEqual(rung, [
    ["airlock_jobs", "a"],
    ["airlock_jobs", "b,a,c"],
    ["airlock_jobs", ""],
  ]);
});

test("a connection that is asked whether it is there keeps nothing of the answers", async (t) => {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const answers: WeakRef<object>[] = [];
  const { prototype } = pg.Client;
  const query = prototype.query as unknown as (text: string) => Promise<object>;
  t.after(() => Object.assign(prototype, { query }));
  Object.assign(prototype, {
    async query(this: pg.Client, text: string) {
      const answer = await query.call(this, text);
      if (text === "SELECT 1") answers.push(new WeakRef(answer));
      return answer;
    },
  });
  const about = { ...connectTarget(url), log: silent, heartbeatMs: 1 };
  const listening = listenForJobs({ ...about, onJobs() {} });
  t.after(() => listening.close());
  while (answers.length < 50) await sleep(1);
  collect();
  const kept = answers.filter((answer) => answer.deref() !== undefined);
  assert.ok(kept.length < 10, `${kept.length} of ${answers.length} answers are kept`);
});

test("senders of one queue do not wait for each other", async () => {
  const { length } = await queueMetrics(store.pool, queue);
  await store.transaction(async (db) => {
    await send(db, "first-000001");
    await store.transaction((other) => send(other, "second-00001"));
  });
  assert.equal((await queueMetrics(store.pool, queue)).length, length + 2);
});

test("a queue's length, and what of it can be read, and since when", async () => {
  const { pool, transaction } = openStore(await cluster.createDatabase());
  const empty = { length: 0, visible: 0, oldest_age_seconds: null };
  assert.deepEqual(await queueMetrics(pool, queue), empty);
  await transaction((db) => send(db, "now-00000001"));
  await transaction((db) => send(db, "later-000001", 60));
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

test("the trace of a transaction goes with what it sends, and without one nothing does", async () => {
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const { pool, transaction } = openStore(await cluster.createDatabase());
  const userId = await addUser(pool);
  const sendBoth = (id: string) => async (db: Transaction) => {
    const order = { queue, order: anOrder(id), traceparent: db.traceparent };
    await insertJob(db, { ...aJob(userId, id), order });
    await send(db, id);
  };
  await transaction(sendBoth("traced-000001"), { traceparent });
  await transaction(sendBoth("untraced-0001"));
  await pool.query("SELECT pgmq.send($1::text, '{}', $2::jsonb)", [queue, '"no object"']);
  const { rows } = await pool.query(`SELECT headers FROM pgmq.q_${queue} ORDER BY msg_id`);
  const headers = [{ traceparent }, { traceparent }, null, null, "no object"];
  assert.deepEqual(
    rows,
    headers.map((sent) => ({ headers: sent })),
  );
  const read = await readOrders(pool, { queue, limit: 9, seconds: 30 });
  assert.deepEqual(
    read.map((message) => message.traceparent),
    [traceparent, traceparent, null, null, null],
  );
});

test("queues have headers or not, with PGMQ and without; orders are sent and read without them too", async () => {
  const { pool, transaction } = openStore(await cluster.createDatabase());
  const queues = [queue, "disk_operations"];
  assert.equal(await haveHeaders(pool, queues), true);
  assert.equal(await haveHeaders(pool, [queue, "nope"]), false);
  await pool.query(`ALTER TABLE pgmq.q_${queue} DROP COLUMN headers`);
  assert.equal(await haveHeaders(pool, queues), false);
  await transaction((db) => send(db, "plain-000001"));
  // as PGMQ did before it had headers
  await pool.query(`
    DROP TYPE pgmq.message_record CASCADE;
    CREATE FUNCTION pgmq.read(text, integer, integer)
    RETURNS TABLE (msg_id bigint, read_ct integer, message jsonb) LANGUAGE sql
    AS 'SELECT msg_id, read_ct, message FROM pgmq.q_${queue}'`);
  const [read] = await readOrders(pool, { queue, limit: 1, seconds: 30 });
  assert.equal(read?.traceparent, null);
  const { pool: bare } = openStore(await cluster.createEmptyDatabase());
  assert.equal(await haveHeaders(bare, queues), false);
});

const at = "2026-01-15T16:30:00.123Z";
const _metadata = { retry_count: 0, created_at: at, max_retries: 3 };
const about = { job_id: "abcd1234-1", reservation_id: "abcd1234-1", user_id: "al", username: "al" };
const released = { ...about, requested_at: at, _metadata };

for (const [message, action, args] of [
  [
    {
      ...about,
      action: "create_reservation",
      gpu_type: "h100",
      command: "echo",
      version: "0.4.0",
      status: "queued",
      _metadata,
    },
    "create",
    {},
  ],
  [{ ...released, action: "cancel" }, "cancel", {}],
  [{ ...released, action: "enable_jupyter" }, "enable_jupyter", {}],
  [{ ...released, action: "extend", extension_hours: 4 }, "extend", { extension_hours: 4 }],
  [
    { ...released, action: "add_user", github_username: "bob" },
    "add_user",
    { github_username: "bob" },
  ],
] as const) {
  test(`what the first release wrote is read as an order: ${message.action}`, () => {
    const place = { queue, messageId: "7" };
    const order = readJobOrder(message, place);
    assert.ok(order);
    const { order_id, ...rest } = order;
    assert.deepEqual(rest, { v: 1, action, job_id: "abcd1234-1", arguments: args });
    assert.match(order_id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(readJobOrder(message, place)?.order_id, order_id, "read twice it is one order");
    assert.notEqual(readJobOrder(message, { queue, messageId: "8" })?.order_id, order_id);
    // written again as it was read, as one that comes back from the dead letters is
    assert.deepEqual(readJobOrder(order, place), order);
  });
}

test("a disk's order has the operation's id, in both forms", () => {
  const operation_id = randomUUID();
  const old = { operation_id, user_id: "al", disk_name: "data", requested_at: at, _metadata };
  const head = { v: 1, action: "rename_disk", order_id: operation_id, arguments: {} } as const;
  assert.deepEqual(readDiskOrder({ ...old, action: "rename_disk", new_name: "new" }), head);
  const today = { ...head, disk_id: randomUUID() };
  assert.deepEqual(readDiskOrder(today), today);
});

test("what is no order is none, and members that are not known are left out", () => {
  const place = { queue, messageId: "1" };
  const order = anOrder("abcd1234-1");
  for (const text of [null, 7, "x", [], {}, { ...order, v: 2 }, { ...order, job_id: 5 }]) {
    assert.equal(readJobOrder(text, place), undefined, JSON.stringify(text));
    assert.equal(readDiskOrder(text), undefined, JSON.stringify(text));
  }
  assert.deepEqual(readJobOrder({ ...order, env_vars: { TOKEN: "secret" } }, place), order);
});
