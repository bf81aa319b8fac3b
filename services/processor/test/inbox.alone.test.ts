/** Orders: carried out once, in their order, whatever is read twice; poison is set aside, and nothing else. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, beforeEach, describe, test } from "node:test";
import {
  applyOrders,
  dropDeadOrders,
  type HeldOrder,
  type JobOrder,
  listDeadOrders,
  readJobOrder,
  readOrders,
  redriveDeadOrders,
  setQuota,
} from "@airlock/jobs-store";
import { createInbox } from "../src/inbox/inbox.ts";
import { inRounds } from "../src/inbox/rounds.ts";
import { openWorld, QUEUE, silent, startPostgres } from "./world.ts";

const postgres = await startPostgres();
const world = await openWorld(postgres);
const { pool } = world.store;
after(async () => {
  await world.store.close();
  await postgres.stop();
});
const inbox = createInbox({
  store: world.store,
  queue: QUEUE,
  holdSeconds: 30,
  maxHours: 72,
  log: silent,
});
const count = async (table: string) =>
  (await pool.query<{ count: number }>(`SELECT count(*)::integer FROM ${table}`)).rows[0]?.count;
const waiting = () => count(`pgmq.q_${QUEUE}`);
const makeVisible = () => pool.query(`UPDATE pgmq.q_${QUEUE} SET vt = clock_timestamp()`);
const send = (message: object) =>
  pool.query("SELECT pgmq.send($1::text, $2::jsonb)", [QUEUE, JSON.stringify(message)]);

beforeEach(async () => {
  await inbox();
  await pool.query("TRUNCATE dead_orders, order_faults");
});

const order = (jobId: string, action: "create" | "cancel"): HeldOrder<JobOrder> => ({
  messageId: "1",
  readCount: 1,
  order: { v: 1, order_id: randomUUID(), job_id: jobId, action, arguments: {} },
});

test("a round has no two orders of one job, and each job's are in their order", () => {
  const rounds = inRounds(
    [order("a", "create"), order("b", "create"), order("a", "cancel")],
    ({ job_id }) => job_id,
  );
  const shown = rounds.map((round) =>
    [...round].map(([action, orders]) => `${action} ${orders.map(({ order }) => order.job_id)}`),
  );
  assert.deepEqual(shown, [["create a,b"], ["cancel a"]]);
});

test("orders of one batch are carried out and archived together", async () => {
  const ids = await Promise.all(Array.from({ length: 30 }, () => world.submit()));
  for (const id of ids.slice(0, 5)) await world.order(id, "cancel");
  while (await inbox());
  assert.equal(await waiting(), 0);
  for (const [index, id] of ids.entries()) {
    const { rows } = await pool.query<{ wanted: string; due: boolean }>(
      "SELECT wanted, due_at <= now() AS due FROM reservations WHERE reservation_id = $1",
      [id],
    );
    const isCancelled = index < 5;
    assert.deepEqual(rows[0], { wanted: isCancelled ? "end" : "run", due: isCancelled });
  }
});

test("what was read again by another reader is left to that one", async () => {
  const jobId = await world.submit();
  await inbox();
  await world.order(jobId, "cancel");
  const [first] = await readOrders(pool, { queue: QUEUE, limit: 1, seconds: 30 });
  await makeVisible();
  const [second] = await readOrders(pool, { queue: QUEUE, limit: 1, seconds: 30 });
  assert.deepEqual([first?.msg_id, first?.read_ct, second?.read_ct], [second?.msg_id, 1, 2]);
  const held = (read: typeof first): HeldOrder<JobOrder> => {
    const place = { queue: QUEUE, messageId: read?.msg_id ?? "" };
    const found = readJobOrder(read?.message, place);
    assert.ok(found && read);
    return { messageId: read.msg_id, readCount: read.read_ct, order: found };
  };
  const apply = (read: typeof first) =>
    applyOrders(pool, { queue: QUEUE, action: "cancel", orders: [held(read)], maxHours: 72 });
  assert.equal(await apply(first), 0);
  assert.equal((await world.events(jobId)).length, 1);
  assert.equal(await apply(second), 1);
  assert.equal(await apply(second), 0);
  assert.deepEqual(
    (await world.events(jobId)).map(({ kind }) => kind),
    ["submitted", "cancel_requested"],
  );
});

test("messages of the first release are orders too", async () => {
  const jobId = await world.submit();
  await send({ action: "cancel", job_id: jobId, reservation_id: jobId, user_id: "alice" });
  await inbox();
  const { rows } = await pool.query<{ wanted: string }>(
    "SELECT wanted FROM reservations WHERE reservation_id = $1",
    [jobId],
  );
  assert.equal(rows[0]?.wanted, "end");
});

test("lines about an order have the trace of the request that sent it, if it is well formed", async () => {
  const lines: object[] = [];
  const write = (fields: object) => void lines.push(fields);
  const log = { ...silent, info: write, warn: write };
  const tracing = createInbox({
    store: world.store,
    queue: QUEUE,
    holdSeconds: 30,
    maxHours: 72,
    log,
  });
  const jobId = await world.submit();
  await inbox();
  const id = "0af7651916cd43dd8448eb211c80319c";
  const order_id = randomUUID();
  const cancel = { v: 1, action: "cancel", order_id, job_id: jobId, arguments: {} };
  const sendWith = (message: object, headers: unknown) =>
    pool.query("SELECT pgmq.send($1::text, $2::jsonb, $3::jsonb)", [
      ...[QUEUE, JSON.stringify(message), JSON.stringify(headers)],
    ]);
  const isTraced: boolean[] = [];
  for (const [traceparent, isGood] of [
    [`00-${id}-b7ad6b7169203331-01`, true],
    [`cc-${id}-b7ad6b7169203331-01-later`, true],
    [`00-${id}-b7ad6b7169203331-01-later`, false],
    [`00-${"0".repeat(32)}-b7ad6b7169203331-01`, false],
    [`ff-${id}-b7ad6b7169203331-01`, false],
    [id, false],
    [7, false],
    [[`00-${id}-b7ad6b7169203331-01`], false],
    [undefined, false],
  ] as const) {
    for (const message of [cancel, { action: "explode" }]) {
      await sendWith(message, { traceparent });
      isTraced.push(isGood);
    }
  }
  await tracing();
  const shown = lines as { action: string; order_id?: string; job?: string; trace_id?: string }[];
  const ofAction = (action: string) => shown.filter((line) => line.action === action);
  const traced = isTraced.filter((_, index) => index % 2 === 0).map((is) => (is ? id : undefined));
  for (const action of ["cancel", "unknown"]) {
    assert.deepEqual(
      ofAction(action).map(({ trace_id }) => trace_id),
      traced,
    );
  }
  for (const line of ofAction("cancel"))
    assert.deepEqual([line.order_id, line.job], [order_id, jobId]);
  await pool.query(`DELETE FROM pgmq.q_${QUEUE}`);
});

test("an extension of what ends, and one that is carried out twice", async () => {
  const jobId = await world.submit();
  await world.order(jobId, "cancel");
  await world.order(jobId, "extend", { extension_hours: 1 });
  await inbox();
  assert.equal((await world.job(jobId)).extension_error, "The job is ending already.");
});

test("two extensions asked for at once are held to their owner's hours together, by the closest row", async () => {
  const jobId = await world.submit({ hours: 4 });
  await pool.query("UPDATE reservations SET status = 'preparing' WHERE reservation_id = $1", [
    jobId,
  ]);
  const everybody = { userId: null, awsRole: null, gpuType: null };
  const limits = { max_gpus: null, max_jobs: null, max_disks: null, setBy: "root" };
  const ofType = { ...everybody, gpuType: "h100" };
  await setQuota(pool, { ...everybody, ...limits, max_hours: 5 });
  await setQuota(pool, { ...ofType, ...limits, max_hours: 2 });
  const { userId } = world;
  await setQuota(pool, { ...everybody, userId, ...limits, max_hours: 6 });
  await setQuota(pool, { ...ofType, userId, ...limits, max_hours: 7 });
  for (let n = 0; n < 2; n++) {
    await world.order(jobId, "extend", { extension_hours: 1.5 });
    await inbox();
  }
  const { duration_hours, extension_error } = await world.job(jobId);
  assert.deepEqual(
    [duration_hours, extension_error],
    [5.5, "A job may run 6 hours from its launch here; 0.50 are left for this one."],
  );
  await pool.query("DELETE FROM quotas");
});

test("an order whose job somebody keeps locked is no fault, and holds nobody up", async () => {
  const [locked, other] = [await world.submit(), await world.submit()];
  await inbox();
  for (const jobId of [locked, other]) await world.order(jobId, "cancel");
  const wanted = async (jobId: string) => {
    const sql = "SELECT wanted FROM reservations WHERE reservation_id = $1";
    return (await pool.query<{ wanted: string }>(sql, [jobId])).rows[0]?.wanted;
  };
  await world.store.transaction(async (transaction) => {
    const sql = "SELECT FROM reservations WHERE reservation_id = $1 FOR UPDATE";
    await transaction.query(sql, [locked]);
    await inbox();
    assert.deepEqual([await wanted(locked), await wanted(other)], ["run", "end"]);
  });
  assert.deepEqual([await waiting(), await count("order_faults")], [1, 0]);
  await makeVisible();
  await inbox();
  assert.equal(await wanted(locked), "end");
});

describe("poison", () => {
  test("is dead after five faults, while others flow; redriven it is carried out", async () => {
    const jobId = await world.submit();
    await pool.query("UPDATE reservations SET status = 'preparing' WHERE reservation_id = $1", [
      jobId,
    ]);
    await inbox();
    // a rule that this job alone breaks stands for whatever nobody thought of
    await pool.query(
      `ALTER TABLE reservations ADD CONSTRAINT poison CHECK (reservation_id <> '${jobId}' OR wanted = 'run')`,
    );
    await world.order(jobId, "cancel");
    for (let faults = 1; faults <= 5; faults++) {
      const other = await world.submit();
      await makeVisible();
      await inbox();
      const { rows } = await pool.query(
        `SELECT FROM pgmq.a_${QUEUE} WHERE message ->> 'job_id' = $1`,
        [other],
      );
      assert.equal(rows.length, 1, "others flow");
      assert.equal(await waiting(), faults < 5 ? 1 : 0);
    }
    const [dead] = await listDeadOrders(pool);
    assert.deepEqual([dead?.action, dead?.job_id, dead?.faults], ["cancel", jobId, 5]);
    assert.equal(await count("order_faults"), 1);
    await pool.query("ALTER TABLE reservations DROP CONSTRAINT poison");
    assert.equal(await redriveDeadOrders(pool, [dead?.dead_id ?? ""]), 1);
    assert.deepEqual([await listDeadOrders(pool), await count("order_faults")], [[], 0]);
    await inbox();
    assert.deepEqual(
      (await world.events(jobId)).map(({ kind }) => kind),
      ["submitted", "cancel_requested"],
    );
  });

  test("that is no order at all ends there too, and can be dropped", async () => {
    await send({ action: "explode", job_id: "x" });
    await send({});
    for (let faults = 1; faults <= 5; faults++) {
      await makeVisible();
      await inbox();
    }
    assert.equal((await listDeadOrders(pool)).length, 2);
    assert.equal(await dropDeadOrders(pool), 2);
  });

  test("readers that die bury nothing: being read is no fault", async () => {
    const jobId = await world.submit();
    for (let reads = 1; reads <= 8; reads++) {
      await makeVisible();
      await readOrders(pool, { queue: QUEUE, limit: 50, seconds: 30 });
    }
    await makeVisible();
    await inbox();
    assert.deepEqual([await waiting(), (await listDeadOrders(pool)).length], [0, 0]);
    assert.equal((await world.events(jobId)).length, 1);
  });
});
