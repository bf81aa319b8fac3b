/** What a transaction promises when statements fail, block or are never answered. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Queryable, StoreError, type StoreErrorCode } from "../src/index.ts";
import { openStore, startCluster } from "./harness.ts";
import { startProxy } from "./proxy.ts";

const cluster = await startCluster();
const url = await cluster.createDatabase();
const direct = openStore(url);
await direct.pool.query("CREATE TABLE counters (name text PRIMARY KEY, n integer NOT NULL)");

const add = (db: Queryable, name: string) =>
  db.query("INSERT INTO counters VALUES ($1, 1)", [name]);
const isThere = async (name: string) =>
  (await direct.pool.query("SELECT FROM counters WHERE name = $1", [name])).rowCount === 1;
const coded = (code: StoreErrorCode) => (error: unknown) =>
  error instanceof StoreError && error.code === code;

test("a thrown error undoes everything and arrives as it is", async () => {
  const thrown = new RangeError("mine");
  const work = direct.transaction(async (db) => {
    await add(db, "undone");
    throw thrown;
  });
  await assert.rejects(work, (error) => error === thrown);
  assert.equal(await isThere("undone"), false);
});

test("a failed statement that was ignored does not pass for a COMMIT", async () => {
  const work = direct.transaction(async (db) => {
    await add(db, "ignored");
    await db.query("SELECT 1 / 0").catch(() => {});
  });
  await assert.rejects(work, coded("failed"));
  assert.equal(await isThere("ignored"), false);
});

test("two transactions in each other's way both succeed in the end", async () => {
  await add(direct.pool, "left");
  await add(direct.pool, "right");
  let runs = 0;
  const meet = Promise.withResolvers<void>();
  const both = (first: string, second: string) =>
    direct.transaction(async (db) => {
      const update = "UPDATE counters SET n = n + 1 WHERE name = $1";
      await db.query("SET LOCAL deadlock_timeout = '10ms'");
      await db.query(update, [first]);
      if (++runs === 2) meet.resolve();
      await meet.promise;
      await db.query(update, [second]);
    });
  await Promise.all([both("left", "right"), both("right", "left")]);
  const { rows } = await direct.pool.query(
    "SELECT n FROM counters WHERE name IN ('left', 'right')",
  );
  assert.deepEqual(rows, [{ n: 3 }, { n: 3 }]);
  assert.ok(runs > 2, "there was no deadlock to get out of");
});

for (const [fault, isCommitted] of [
  ["lose-after", true],
  ["lose-before", false],
] as const) {
  test(`a COMMIT without an answer is neither success nor failure: ${fault}`, async () => {
    const proxy = await startProxy(url);
    const store = openStore(proxy.url);
    let runs = 0;
    const work = store.transaction(async (db) => {
      runs++;
      await add(db, fault);
      proxy.arm("COMMIT", fault);
    });
    await assert.rejects(work, coded("unknown_outcome"));
    assert.equal(runs, 1, "nothing is repeated after COMMIT");
    assert.equal(await isThere(fault), isCommitted);
    assert.equal(await store.transaction((db) => add(db, `${fault} again`)).then(() => true), true);
  });
}

test("a connection lost in the middle leaves nothing behind", async () => {
  const proxy = await startProxy(url);
  const store = openStore(proxy.url);
  const work = store.transaction(async (db) => {
    await add(db, "in the middle");
    proxy.arm("pg_sleep", "lose-before");
    await db.query("SELECT pg_sleep(0)");
  });
  await assert.rejects(work, coded("unavailable"));
  assert.equal(await isThere("in the middle"), false);
});

test("a connection that breaks between two statements ends the transaction alone", async () => {
  const work = direct.transaction(async (db) => {
    const { rows } = await db.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    await direct.pool.query("SELECT pg_terminate_backend($1, 5000)", [rows[0]?.pid]);
    await add(db, "terminated");
  });
  await assert.rejects(work, coded("unavailable"));
  assert.equal(await isThere("terminated"), false);
});

test("a connection that is dead at BEGIN is replaced", async () => {
  const proxy = await startProxy(url);
  const store = openStore(proxy.url);
  await store.pool.query("SELECT 1");
  proxy.arm("BEGIN", "lose-before");
  await store.transaction((db) => add(db, "second connection"));
  assert.equal(await isThere("second connection"), true);
});

test("what is said to be the last is kept with its answer, and nothing comes behind it", async () => {
  const rows = await direct.transaction(async (db) => {
    await add(db, "before the last");
    const last = db.last.query("INSERT INTO counters VALUES ('the last', 1) RETURNING n");
    await assert.rejects(add(db, "behind it"), coded("failed"));
    return (await last).rows;
  });
  assert.deepEqual(rows, [{ n: 1 }]);
  assert.equal(await isThere("before the last"), true);
  assert.equal(await isThere("the last"), true);
  assert.equal(await isThere("behind it"), false);
});

test("COMMIT goes out behind the last statement, not after its answer", async () => {
  // whoever has the answer finds the row there already, though the transaction has not ended here
  const seen = await direct.transaction(async (db) => {
    await add(db.last, "seen");
    await sleep(200);
    return await isThere("seen");
  });
  assert.equal(seen, true);
});

test("a last statement that fails undoes everything, and its connection goes on", async () => {
  const narrow = openStore(url, { max: 1 });
  await add(narrow.pool, "taken");
  const { rows: before } = await narrow.pool.query("SELECT pg_backend_pid() AS pid");
  const work = narrow.transaction(async (db) => {
    await add(db, "undone with the last");
    await add(db.last, "taken");
  });
  await assert.rejects(work, coded("conflict"));
  assert.equal(await isThere("undone with the last"), false);
  assert.deepEqual((await narrow.pool.query("SELECT pg_backend_pid() AS pid")).rows, before);
});

test("two whose last statements are in each other's way both succeed in the end", async () => {
  await add(direct.pool, "up");
  await add(direct.pool, "down");
  let runs = 0;
  const meet = Promise.withResolvers<void>();
  const both = (first: string, second: string) =>
    direct.transaction(async (db) => {
      const update = "UPDATE counters SET n = n + 1 WHERE name = $1";
      await db.query("SET LOCAL deadlock_timeout = '10ms'");
      await db.query(update, [first]);
      if (++runs === 2) meet.resolve();
      await meet.promise;
      await db.last.query(update, [second]);
    });
  await Promise.all([both("up", "down"), both("down", "up")]);
  const { rows } = await direct.pool.query("SELECT n FROM counters WHERE name IN ('up', 'down')");
  assert.deepEqual(rows, [{ n: 3 }, { n: 3 }]);
  assert.ok(runs > 2, "there was no deadlock to get out of");
});

test("a last statement whose COMMIT is lost is neither success nor failure; one whose BEGIN is goes elsewhere", async () => {
  const proxy = await startProxy(url);
  const store = openStore(proxy.url);
  let runs = 0;
  const work = (name: string) =>
    store.transaction(async (db) => {
      runs++;
      await add(db.last, name);
    });
  proxy.arm("COMMIT", "lose-before");
  await assert.rejects(work("lost at its end"), coded("unknown_outcome"));
  assert.equal(runs, 1, "nothing is repeated after COMMIT");
  assert.equal(await isThere("lost at its end"), false);
  await store.pool.query("SELECT 1");
  proxy.arm("BEGIN", "lose-before");
  await work("begun elsewhere");
  assert.equal(await isThere("begun elsewhere"), true);
});

test("a slow statement and a silent server are given up", async () => {
  const slow = openStore(url, { timeoutMs: 100 });
  await assert.rejects(slow.pool.query("SELECT pg_sleep(10)"), coded("unavailable"));
  const proxy = await startProxy(url);
  const silent = openStore(proxy.url, { timeoutMs: 100 });
  const work = silent.transaction(async (db) => {
    proxy.arm("silence", "fall-silent");
    await db.query("SELECT 'silence'");
  });
  await assert.rejects(work, coded("unavailable"));
  assert.equal(silent.poolNumbers().total, 0, "the connection is of no more use");
});

test("waiting for a connection has a limit", async () => {
  const narrow = openStore(url, { max: 1, timeoutMs: 1000 });
  await narrow.transaction(async () => {
    const second = narrow.pool.query("SELECT 1");
    assert.deepEqual(narrow.poolNumbers(), { total: 1, idle: 0, waiting: 1 });
    await assert.rejects(second, coded("unavailable"));
  });
  assert.deepEqual(narrow.poolNumbers(), { total: 1, idle: 1, waiting: 0 });
});
