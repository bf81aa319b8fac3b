/** Behind PgBouncer in transaction mode: what holds there as well, and what is refused in words. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { after, test } from "node:test";
import pg from "pg";
import {
  connectTarget,
  createStore,
  insertJob,
  QUEUE_CHANNEL,
  type Store,
  StoreError,
  sendOrder,
} from "../../src/index.ts";
import { migrate } from "../../src/migrate.ts";
import { addUser, aJob, migrateUrl, openStore, QUEUES, silent, startCluster } from "../harness.ts";
import { startPgBouncer } from "./pgbouncer.ts";

const program = process.env.AIRLOCK_TEST_PGBOUNCER;
if (!program) throw new Error("AIRLOCK_TEST_PGBOUNCER is unset: pnpm check:database sets it");
const cluster = await startCluster();
const url = await cluster.createDatabase();
const pooled = await startPgBouncer(program, url);
const direct = openStore(url);
const queue = "gpu_reservations";

function openPooled(limits: { statementTimeoutMs: number; lockTimeoutMs: number }): Store {
  const store = createStore({
    ...{ ...connectTarget(pooled), pool: { min: 0, max: 8 }, connectTimeoutMs: 10_000 },
    ...{ ...limits, log: silent },
  });
  after(() => store.close());
  return store;
}
const LIMITS =
  "SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock";
const unavailable = (words: RegExp) => (error: unknown) =>
  error instanceof StoreError && error.code === "unavailable" && words.test(error.message);

test("each transaction has its own limits, whoever had the connection before", async () => {
  const [strict, lax] = [
    openPooled({ statementTimeoutMs: 1111, lockTimeoutMs: 222 }),
    openPooled({ statementTimeoutMs: 9999, lockTimeoutMs: 888 }),
  ];
  const ask = async (store: Store) => (await store.pool.query(LIMITS)).rows[0];
  const asked = await Promise.all(
    Array.from({ length: 100 }, (_, n) => ask(n % 2 === 0 ? strict : lax)),
  );
  asked.forEach((found, n) => {
    const own = n % 2 === 0 ? ["1111ms", "222ms"] : ["9999ms", "888ms"];
    assert.deepEqual(found, { statement: own[0], lock: own[1] });
  });
  const stranger = new pg.Client({ connectionString: pooled });
  await stranger.connect();
  const { rows } = await stranger.query(LIMITS);
  await stranger.end();
  assert.deepEqual(rows, [{ statement: "0", lock: "0" }], "nothing is left for others");
});

test("the limits are in force, and one user's waits leave connections to others", async () => {
  const store = openPooled({ statementTimeoutMs: 300, lockTimeoutMs: 100 });
  await assert.rejects(store.pool.query("SELECT pg_sleep(5)"), unavailable(/statement timeout/));
  await direct.pool.query("CREATE TABLE locked (n integer)");
  await direct.pool.query("INSERT INTO locked VALUES (1)");
  await direct.transaction(async (db) => {
    await db.query("UPDATE locked SET n = 2");
    const waits = Array.from({ length: 20 }, () =>
      store
        .transaction((own) => own.query("UPDATE locked SET n = 3"), { user: 1 })
        .then(
          () => "changed",
          (error: StoreError) => error.message,
        ),
    );
    await store.pool.query("SELECT 1");
    const words = new Set(await Promise.all(waits));
    assert.deepEqual([...words], ["canceling statement due to lock timeout"]);
  });
});

test("sixteen at once send and ring, and every order is there once", async () => {
  const userId = await addUser(direct.pool);
  const listener = new pg.Client({ connectionString: url });
  await listener.connect();
  listener.on("error", () => {});
  await listener.query(`LISTEN ${QUEUE_CHANNEL}`);
  const heard = once(listener, "notification");
  const store = openPooled({ statementTimeoutMs: 9000, lockTimeoutMs: 9000 });
  const ids = Array.from({ length: 320 }, () => randomUUID());
  const send = (id: string) =>
    store.transaction(async (db) => {
      const order = { v: 1, action: "create", order_id: randomUUID(), job_id: id } as const;
      await Promise.all([
        insertJob(db, { ...aJob(userId, id), podName: `gpu-dev-${id}` }),
        sendOrder(db, { queue, order: { ...order, arguments: {} } }),
      ]);
    });
  for (let at = 0; at < ids.length; at += 16) await Promise.all(ids.slice(at, at + 16).map(send));
  await heard;
  const { rows } = await direct.pool.query(
    `SELECT count(*)::integer AS sent, count(DISTINCT message->>'job_id')::integer AS jobs
     FROM pgmq.q_gpu_reservations`,
  );
  assert.deepEqual(rows, [{ sent: 320, jobs: 320 }]);
  const kept = await store.pool.query("SELECT name FROM pg_prepared_statements");
  assert.deepEqual(
    kept.rows,
    [],
    "a statement that is left on a connection is another one's fault",
  );
});

test("a migration is refused in words, and leaves no lock behind", async () => {
  const fresh = await cluster.createEmptyDatabase();
  const through = Object.assign(new URL(pooled), { pathname: new URL(fresh).pathname });
  const options = { ...connectTarget(through.href), queues: QUEUES, log: silent };
  await assert.rejects(migrate(options), /need a direct connection.*MIGRATION_DATABASE_URL/);
  assert.ok((await migrateUrl(fresh)).length > 0);
});
