/** Who somebody is, and that a challenge is good once. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { consumeChallenge, insertChallenge, upsertUser } from "../src/index.ts";
import { openStore, startCluster } from "./harness.ts";

const cluster = await startCluster();
const { pool } = openStore(await cluster.createDatabase(), { max: 8 });

const alice = {
  account: "111122223333",
  role: "SSOCloudDevGpuReservation",
  sessionName: "alice",
  username: "alice",
};
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

test("many first logins at once make one user", async () => {
  const logins = await Promise.all(Array.from({ length: 8 }, () => upsertUser(pool, alice)));
  assert.equal(new Set(logins.map((user) => user.user_id)).size, 1);
  assert.equal(logins[0]?.username, "alice");
});

test("the same session name in another account or role is somebody else", async () => {
  const first = await upsertUser(pool, alice);
  const account = await upsertUser(pool, { ...alice, account: "444455556666" });
  const role = await upsertUser(pool, { ...alice, role: "Other" });
  assert.equal(new Set([first, account, role].map((user) => user.user_id)).size, 3);
  assert.match(account.username, /^alice-[0-9a-f]{12}$/);
  assert.notEqual(account.username, role.username);
  assert.deepEqual(await upsertUser(pool, { ...alice, account: "444455556666" }), account);
});

test("a user who was shut out stays so, however often they log in", async () => {
  const bob = { ...alice, sessionName: "bob", username: "bob" };
  const { user_id: userId } = await upsertUser(pool, bob);
  await pool.query("UPDATE api_users SET is_active = false WHERE user_id = $1", [userId]);
  assert.equal((await upsertUser(pool, bob)).is_active, false);
});

test("of many uses of a challenge at once one is good", async () => {
  const challengeHash = sha256("once");
  await insertChallenge(pool, { challengeHash, ttlSeconds: 60 });
  const uses = Array.from({ length: 8 }, () => consumeChallenge(pool, challengeHash));
  const states = (await Promise.all(uses)).sort();
  assert.deepEqual(states, ["good", ...Array<string>(7).fill("unknown")]);
});

test("an expired challenge and one of somebody else are no good", async () => {
  await insertChallenge(pool, { challengeHash: sha256("late"), ttlSeconds: 0 });
  assert.equal(await consumeChallenge(pool, sha256("late")), "expired");
  assert.equal(await consumeChallenge(pool, sha256("late")), "unknown");
  assert.equal(await consumeChallenge(pool, sha256("elsewhere")), "unknown");
});

test("challenges that nobody answered are forgotten by and by", async () => {
  await pool.query(
    `INSERT INTO auth_challenges (challenge_hash, expires_at)
     SELECT encode(sha256(('old' || n)::bytea), 'hex'), now() - interval '1 hour'
     FROM generate_series(1, 12) AS n`,
  );
  for (const name of ["a", "b"]) {
    await insertChallenge(pool, { challengeHash: sha256(name), ttlSeconds: 60 });
  }
  const left = await pool.query("SELECT FROM auth_challenges WHERE expires_at < now()");
  assert.equal(left.rowCount, 0);
});
