/** Limits belong to transactions, not to connections; and no user takes all connections. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectTarget, createStore, type Queryable, StoreError } from "../src/index.ts";
import { createShares } from "../src/shares.ts";
import { openStore, silent, startCluster } from "./harness.ts";

const cluster = await startCluster();
const url = await cluster.createDatabase();
const store = createStore({
  ...connectTarget(url),
  pool: { min: 0, max: 4 },
  connectTimeoutMs: 10_000,
  statementTimeoutMs: 4321,
  lockTimeoutMs: 234,
  log: silent,
});
const LIMITS = `
SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
  current_setting('idle_in_transaction_session_timeout') AS idle`;
const told = { statement: "4321ms", lock: "234ms", idle: "5321ms" };

const unavailable = (words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StoreError, String(error));
  assert.equal(error.code, "unavailable");
  assert.match(error.message, words);
  return true;
};

test("every statement and every transaction has them, and the connection has none of its own", async () => {
  assert.deepEqual((await store.pool.query(LIMITS)).rows, [told]);
  assert.deepEqual((await store.transaction((db) => db.query(LIMITS))).rows, [told]);
  // as it would be for the next client of a pooler
  const { rows } = await store.pool.query(
    `SELECT name, source FROM pg_settings
     WHERE name IN ('statement_timeout', 'lock_timeout') AND reset_val <> '0'`,
  );
  assert.deepEqual(rows, []);
});

test("a statement that fails leaves its connection as it was", async () => {
  await assert.rejects(store.pool.query("SELECT 1 / 0"), /22012/);
  await assert.rejects(store.pool.query("SELECT nothing"), /nothing/);
  const { total } = store.poolNumbers();
  const { rows } = await store.pool.query("SELECT pg_current_xact_id_if_assigned() AS xact");
  assert.deepEqual(rows, [{ xact: null }]);
  assert.equal(store.poolNumbers().total, total);
});

test("what is said to nobody's avail is not kept: a write that fails in COMMIT is an error", async () => {
  await store.pool.query(`
    CREATE TABLE later (n integer, CONSTRAINT later_once UNIQUE (n) DEFERRABLE INITIALLY DEFERRED)`);
  const insert = store.pool.query("INSERT INTO later VALUES (1), (1)");
  await assert.rejects(insert, (error) => error instanceof StoreError && error.code === "conflict");
  assert.equal((await store.pool.query("SELECT FROM later")).rowCount, 0);
});

test("who waits for a locked row gives up first, and says so", async () => {
  await store.pool.query("CREATE TABLE locked (n integer); INSERT INTO locked VALUES (1)");
  await openStore(url).transaction(async (db) => {
    await db.query("UPDATE locked SET n = 2");
    const update = (by: Queryable) => by.query("UPDATE locked SET n = 3");
    await assert.rejects(update(store.pool), unavailable(/lock timeout/));
    await assert.rejects(store.transaction(update), unavailable(/lock timeout/));
  });
  assert.deepEqual(store.takeFailures(), ["canceling statement due to lock timeout"]);
  assert.deepEqual(store.takeFailures(), []);
});

test("a user with many transactions has two connections; the others have the rest", async () => {
  const gate = Promise.withResolvers<void>();
  let [begun, most, running] = [0, 0, 0];
  const mine = Array.from({ length: 20 }, () =>
    store.transaction(
      async (db) => {
        most = Math.max(most, ++running);
        begun++;
        await db.query("SELECT 1");
        await gate.promise;
        running--;
      },
      { user: 1 },
    ),
  );
  // others' are not held up by those that wait
  for (let n = 0; n < 10; n++) {
    await store.transaction((db) => db.query("SELECT 1"), { user: 2 });
    await store.pool.query("SELECT 1");
  }
  assert.equal(begun, 2);
  gate.resolve();
  await Promise.all(mine);
  assert.deepEqual([begun, most], [20, 2]);
});

test("a turn that does not come is told, and takes nobody else's", async () => {
  const shares = createShares(2, 20);
  const gate = Promise.withResolvers<string>();
  const [one, two] = [shares.run("a", () => gate.promise), shares.run("a", () => gate.promise)];
  let began = false;
  const third = shares.run("a", async () => {
    began = true;
  });
  await assert.rejects(third, { code: "crowded", message: "2 of this user are under way" });
  assert.equal(began, false);
  const order: string[] = [];
  const later = ["fourth", "fifth"].map((name) => shares.run("a", async () => order.push(name)));
  gate.resolve("done");
  assert.deepEqual(await Promise.all([one, two, ...later]), ["done", "done", 1, 2]);
  assert.deepEqual(order, ["fourth", "fifth"], "in the order of the asking");
  await assert.rejects(
    shares.run("a", async () => {
      throw new RangeError("mine");
    }),
    /mine/,
  );
  assert.equal(await shares.run("a", async () => "again"), "again");
});

test("closing ends it", () => store.close());
