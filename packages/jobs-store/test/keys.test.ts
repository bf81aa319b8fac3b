/** The life of a key: found by one look, rotated once, ended by its owner or by the eleventh. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import {
  deleteEndedKeys,
  endOldestBeyond,
  findKeyByHash,
  insertKey,
  type KeyRow,
  listKeys,
  lockUser,
  revokeKey,
  rotateKey,
  touchLastUsed,
} from "../src/index.ts";
import { addUser, openStore, startCluster } from "./harness.ts";

const cluster = await startCluster();
const store = openStore(await cluster.createDatabase());
const { pool } = store;

const newKey = () => {
  const random = randomBytes(16).toString("hex");
  return {
    keyHash: createHash("sha256").update(random).digest("hex"),
    keyPrefix: `gpud_${random.slice(0, 8)}`,
    description: "test",
  };
};
const login = { ttlSeconds: 3600, loginTtlSeconds: 7200 };
const addKey = async (userId: number, life = login): Promise<KeyRow & { hash: string }> => {
  const key = newKey();
  return { ...(await insertKey(pool, { userId, ...key, ...life })), hash: key.keyHash };
};

test("a key is found with all that decides about it", async () => {
  const userId = await addUser(pool, "found");
  const key = await addKey(userId);
  const found = await findKeyByHash(pool, key.hash);
  assert.ok(found);
  const { expires_in_ms: leftMs, ...rest } = found;
  assert.deepEqual(rest, {
    key_id: key.key_id,
    key_prefix: key.key_prefix,
    user_id: userId,
    username: "found",
    email: null,
    aws_account: "111122223333",
    aws_role: "SSOCloudDevGpuReservation",
    aws_session: "found",
    is_active: true,
    revoked: false,
    expired: false,
    expires_at: key.expires_at,
    last_used_at: null,
  });
  assert.ok(leftMs > 3_500_000 && leftMs <= 3_600_000, String(leftMs));
  assert.equal(await findKeyByHash(pool, "0".repeat(64)), undefined);
});

test("expired, revoked and shut out are told apart", async () => {
  const userId = await addUser(pool, "apart");
  const expired = await addKey(userId, { ttlSeconds: 0, loginTtlSeconds: 0 });
  const revoked = await addKey(userId);
  assert.equal(await revokeKey(pool, { userId, keyPrefix: revoked.key_prefix }), true);
  await pool.query("UPDATE api_users SET is_active = false WHERE user_id = $1", [userId]);
  const [first, second] = [
    await findKeyByHash(pool, expired.hash),
    await findKeyByHash(pool, revoked.hash),
  ];
  assert.deepEqual([first?.expired, first?.revoked, first?.is_active], [true, false, false]);
  assert.deepEqual([second?.expired, second?.revoked], [false, true]);
});

test("a key is ended by its owner alone, and once", async () => {
  const userId = await addUser(pool, "owner");
  const { key_prefix: keyPrefix } = await addKey(userId);
  const stranger = await addUser(pool, "stranger");
  assert.equal(await revokeKey(pool, { userId: stranger, keyPrefix }), false);
  assert.equal(await revokeKey(pool, { userId, keyPrefix }), true);
  assert.equal(await revokeKey(pool, { userId, keyPrefix }), false);
});

test("of many rotations at once one makes a key", async () => {
  const userId = await addUser(pool, "rotates");
  const { key_id: keyId } = await addKey(userId);
  const attempts = Array.from({ length: 8 }, () =>
    rotateKey(pool, { keyId, ...newKey(), ttlSeconds: 60 }),
  );
  const made = (await Promise.all(attempts)).filter((key) => key !== undefined);
  assert.equal(made.length, 1);
  assert.deepEqual(await listKeys(pool, userId), made);
});

test("no chain of rotations outlives its login", async () => {
  const userId = await addUser(pool, "chain");
  const first = await addKey(userId, { ttlSeconds: 60, loginTtlSeconds: 90 });
  let last: KeyRow = first;
  for (let turn = 0; turn < 3; turn++) {
    const next = await rotateKey(pool, { keyId: last.key_id, ...newKey(), ttlSeconds: 3600 });
    assert.ok(next);
    last = next;
  }
  assert.deepEqual(last.expires_at, first.login_expires_at);
});

test("logins at once leave the newest keys, and not one more", async () => {
  const userId = await addUser(pool, "eleven");
  const logIn = () =>
    store.transaction(async (db) => {
      await lockUser(db, userId);
      const key = newKey();
      await insertKey(db, { userId, ...key, ...login });
      await endOldestBeyond(db, { userId, keep: 10 });
      return key.keyPrefix;
    });
  await Promise.all(Array.from({ length: 10 }, logIn));
  const before = await listKeys(pool, userId);
  const newest = [await logIn(), await logIn()];
  const after = (await listKeys(pool, userId)).map((key) => key.key_prefix);
  assert.equal(before.length, 10);
  const kept = before.slice(0, 8).map((key) => key.key_prefix);
  assert.deepEqual(after, [...newest.reverse(), ...kept]);
});

test("a key's use is written once a minute", async () => {
  const { key_id: keyId, hash } = await addKey(await addUser(pool, "used"));
  await touchLastUsed(pool, keyId);
  const first = (await findKeyByHash(pool, hash))?.last_used_at;
  await touchLastUsed(pool, keyId);
  assert.ok(first);
  assert.deepEqual((await findKeyByHash(pool, hash))?.last_used_at, first);
  await pool.query("UPDATE api_keys SET last_used_at = now() - interval '61 seconds'");
  await touchLastUsed(pool, keyId);
  assert.ok(((await findKeyByHash(pool, hash))?.last_used_at ?? 0) > first);
});

test("keys that ended long ago are forgotten", async () => {
  const userId = await addUser(pool, "old");
  const old = await addKey(userId);
  const young = await addKey(userId);
  await pool.query(
    "UPDATE api_keys SET expires_at = now() - interval '31 days' WHERE key_id = $1",
    [old.key_id],
  );
  assert.equal(await deleteEndedKeys(pool, { olderThanDays: 30, limit: 1000 }), 1);
  assert.equal(await findKeyByHash(pool, old.hash), undefined);
  assert.ok(await findKeyByHash(pool, young.hash));
});
