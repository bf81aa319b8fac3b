/** A request that is sent many times is carried out once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { beginIdempotent, finishIdempotent } from "../src/index.ts";
import { addUser, openStore, startCluster } from "./harness.ts";

const cluster = await startCluster();
const store = openStore(await cluster.createDatabase(), { max: 8 });
const userId = await addUser(store.pool);
const ROUTE = "POST /v1/jobs/submit";
const [SAME, OTHER] = ["a".repeat(64), "b".repeat(64)];

/** @returns how the request was taken; `work` runs when it was the first. */
function request(args: {
  readonly key: string;
  readonly fingerprint?: string;
  readonly ttlSeconds?: number;
  readonly userId?: number;
  readonly work?: () => Promise<void>;
}) {
  const { fingerprint = SAME, ttlSeconds = 86_400, work } = args;
  const named = { userId: args.userId ?? userId, route: ROUTE, key: args.key };
  return store.transaction(async (db) => {
    const begun = await beginIdempotent(db, { ...named, fingerprint, ttlSeconds });
    if (begun.state !== "first") return begun;
    await work?.();
    await finishIdempotent(db, { ...named, status: 200, response: { job_id: args.key } });
    return begun;
  });
}

const answer = (key: string) => ({ state: "repeated", status: 200, response: { job_id: key } });

test("of a hundred equal requests one is carried out, the others get its answer", async () => {
  let carriedOut = 0;
  const work = async () => void carriedOut++;
  const taken = await Promise.all(
    Array.from({ length: 100 }, () => request({ key: "hundred", work })),
  );
  assert.equal(carriedOut, 1);
  assert.equal(taken.filter(({ state }) => state === "first").length, 1);
  for (const begun of taken)
    if (begun.state !== "first") assert.deepEqual(begun, answer("hundred"));
});

test("a request that failed lets the next one through", async () => {
  const failing = request({ key: "fails", work: () => Promise.reject(new Error("failed")) });
  await assert.rejects(failing, /failed/);
  assert.deepEqual(await request({ key: "fails" }), { state: "first" });
  assert.deepEqual(await request({ key: "fails" }), answer("fails"));
});

test("another request under the same key is told so", async () => {
  await request({ key: "reused" });
  assert.deepEqual(await request({ key: "reused", fingerprint: OTHER }), { state: "different" });
});

test("a key belongs to one user", async () => {
  await request({ key: "mine" });
  const bob = await addUser(store.pool, "bob");
  assert.deepEqual(await request({ key: "mine", userId: bob }), { state: "first" });
});

test("a key can be used again when its day is over", async () => {
  await request({ key: "over", ttlSeconds: 0 });
  assert.deepEqual(await request({ key: "over", fingerprint: OTHER }), { state: "first" });
  assert.deepEqual(await request({ key: "over", fingerprint: SAME }), { state: "different" });
});

test("keys whose day is long over are forgotten by and by", async () => {
  await store.pool.query(
    `INSERT INTO idempotency_keys (user_id, route, idempotency_key, fingerprint, status, expires_at)
     SELECT $1, $2, 'old-' || n, $3, 200, now() - interval '1 hour' FROM generate_series(1, 12) AS n`,
    [userId, ROUTE, SAME],
  );
  assert.deepEqual(await request({ key: "old-1" }), { state: "first" });
  await request({ key: "fresh" });
  const old = "SELECT FROM idempotency_keys WHERE expires_at <= now()";
  assert.equal((await store.pool.query(old)).rowCount, 0);
});
