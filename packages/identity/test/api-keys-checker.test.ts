/** How often a key is looked up, and how soon a change of it is noticed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeyChecker, hashApiKey, type KeyLookup, newApiKey } from "@airlock/identity";

type ValidKey = Extract<KeyLookup, { state: "valid" }>;

const valid = (remaining_ms = 3_600_000): ValidKey => ({
  state: "valid",
  user_id: 7,
  username: "alice",
  account: "111122223333",
  role: "SSOCloudDevGpuReservation",
  session: "alice@example.com",
  key_prefix: "gpud_abcdefgh",
  expires_at: "2026-01-15T16:30:00.123Z",
  remaining_ms,
});

/** A table of keys by hash with a count of its queries, a clock to set, a checker on both. */
function rig(maxEntries?: number) {
  const table = new Map<string, KeyLookup>();
  const state = { queries: 0, nowMs: 0 };
  const checker = createKeyChecker({
    lookup: async (hash) => {
      state.queries++;
      return table.get(hash) ?? { state: "unknown" };
    },
    now: () => state.nowMs,
    ...(maxEntries && { maxEntries }),
  });
  const check = (key: string) => checker.check(["Host", "x", "authorization", `Bearer ${key}`]);
  const stateOf = async (key: string) => {
    const verdict = await check(key);
    return verdict.ok ? "valid" : verdict.state;
  };
  const addKey = (found: KeyLookup = valid()) => {
    const { key, hash } = newApiKey();
    table.set(hash, found);
    return key;
  };
  return { table, state, checker, check, stateOf, addKey };
}

test("a good key is looked up again after 0.9 s", async () => {
  const { state, check, addKey } = rig();
  const key = addKey();
  const verdict = await check(key);
  assert.ok(verdict.ok);
  assert.deepEqual([verdict.key.username, verdict.hash], ["alice", hashApiKey(key)]);
  state.nowMs = 899;
  assert.ok((await check(key)).ok);
  assert.equal(state.queries, 1);
  state.nowMs = 900;
  assert.ok((await check(key)).ok);
  assert.equal(state.queries, 2);
});

test("of 50,000 keys each costs one query cold and none warm", async () => {
  const { state, check, addKey } = rig();
  const keys = Array.from({ length: 50_000 }, () => addKey());
  for (const key of keys) assert.ok((await check(key)).ok);
  assert.equal(state.queries, 50_000);
  for (const key of keys) assert.ok((await check(key)).ok);
  assert.equal(state.queries, 50_000);
});

test("a thousand requests with one key at once ask once", async () => {
  const { state, check, addKey } = rig();
  const key = addKey();
  const verdicts = await Promise.all(Array.from({ length: 1000 }, () => check(key)));
  assert.ok(verdicts.every((verdict) => verdict.ok));
  assert.equal(state.queries, 1);
});

test("an unknown key is looked up once a second too", async () => {
  const { table, state, stateOf } = rig();
  const { key, hash } = newApiKey();
  assert.deepEqual([await stateOf(key), await stateOf(key)], ["unknown", "unknown"]);
  assert.equal(state.queries, 1);
  table.set(hash, valid());
  state.nowMs = 1000;
  assert.equal(await stateOf(key), "valid");
});

for (const bad of ["expired", "revoked", "disabled", "wrong_role"] as const) {
  test(`a key that is ${bad} is refused with 403`, async () => {
    const { check, addKey } = rig();
    const verdict = await check(addKey({ state: bad }));
    assert.ok(!verdict.ok);
    assert.deepEqual([verdict.status, verdict.code], [403, `api_key_${bad}`]);
  });
}

test("what is no key is refused without a query", async () => {
  const { state, checker, stateOf, addKey } = rig();
  const key = addKey();
  assert.equal(await stateOf(`${key.slice(0, -1)}${key.endsWith("0") ? "1" : "0"}`), "malformed");
  assert.equal(await stateOf(`${key} ${key}`), "malformed");
  assert.equal(await stateOf(""), "malformed");
  const states: string[] = [];
  for (const headers of [
    [],
    ["Authorization", ""],
    ["Authorization", `Basic ${key}`],
    ["Authorization", key],
    ["Authorization", `Bearer ${key}`, "authorization", `Bearer ${key}`],
  ]) {
    const verdict = await checker.check(headers);
    states.push(verdict.ok ? "valid" : verdict.code);
  }
  const [missing, malformed] = ["api_key_missing", "api_key_malformed"];
  assert.deepEqual(states, [missing, missing, malformed, malformed, malformed]);
  assert.equal(state.queries, 0);
});

test("a key is not remembered beyond its own end", async () => {
  const { table, state, stateOf, addKey } = rig();
  const key = addKey(valid(300));
  assert.equal(await stateOf(key), "valid");
  table.set(hashApiKey(key), { state: "expired" });
  state.nowMs = 299;
  assert.equal(await stateOf(key), "valid");
  state.nowMs = 300;
  assert.equal(await stateOf(key), "expired");
});

test("a flood of invented keys does not push a good one out", async () => {
  const { state, stateOf, addKey } = rig(10);
  const key = addKey();
  assert.equal(await stateOf(key), "valid");
  for (let sent = 0; sent < 100; sent++) await stateOf(newApiKey().key);
  const { queries } = state;
  assert.equal(await stateOf(key), "valid");
  assert.equal(state.queries, queries);
});

test("a forgotten key is looked up again at once", async () => {
  const { table, checker, stateOf, addKey } = rig();
  const key = addKey();
  assert.equal(await stateOf(key), "valid");
  table.set(hashApiKey(key), { state: "revoked" });
  checker.forget(hashApiKey(key));
  assert.equal(await stateOf(key), "revoked");
});

/** A checker whose look-ups end when the test says so. */
function slowRig() {
  const pending: PromiseWithResolvers<KeyLookup>[] = [];
  const state = { nowMs: 0 };
  const { key, hash } = newApiKey();
  const checker = createKeyChecker({
    lookup: () => {
      const answer = Promise.withResolvers<KeyLookup>();
      pending.push(answer);
      return answer.promise;
    },
    now: () => state.nowMs,
  });
  const check = () => checker.check(["authorization", `Bearer ${key}`]);
  return { pending, state, check, forget: () => checker.forget(hash) };
}

test("an answer that was under way when the key was forgotten is asked for again", async () => {
  const { pending, check, forget } = slowRig();
  const before = check();
  forget();
  pending[0]?.resolve(valid());
  assert.ok((await before).ok);
  const after = check();
  pending[1]?.resolve({ state: "revoked" });
  assert.equal((await after).ok, false);
});

test("the time of an answer counts from its question", async () => {
  const { pending, state, check } = slowRig();
  const first = check();
  state.nowMs = 600;
  pending[0]?.resolve(valid());
  assert.ok((await first).ok);
  state.nowMs = 1000;
  const second = check();
  pending[1]?.resolve({ state: "revoked" });
  assert.equal((await second).ok, false);
});

test("an older answer does not replace that of a newer question", async () => {
  const { pending, check, forget } = slowRig();
  const before = check();
  forget();
  const after = check();
  pending[0]?.resolve(valid());
  assert.ok((await before).ok);
  pending[1]?.resolve({ state: "revoked" });
  assert.equal((await after).ok, false);
  const later = check();
  pending[2]?.resolve(valid());
  assert.equal((await later).ok, false);
  assert.equal(pending.length, 2);
});

test("a slow look-up is no longer waited for once its answer would be too old", async () => {
  const { pending, state, check } = slowRig();
  const early = check();
  state.nowMs = 899;
  const joined = check();
  state.nowMs = 900;
  const late = check();
  assert.equal(pending.length, 2);
  pending[0]?.resolve(valid());
  pending[1]?.resolve({ state: "revoked" });
  const verdicts = await Promise.all([early, joined, late]);
  assert.deepEqual(
    verdicts.map(({ ok }) => ok),
    [true, true, false],
  );
});

test("a failed look-up reaches everybody who waits and is not remembered", async () => {
  const { pending, check } = slowRig();
  const waiting = Promise.allSettled([check(), check()]);
  pending[0]?.reject(new Error("no database"));
  const outcomes = await waiting;
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  const again = check();
  pending[1]?.resolve(valid());
  assert.ok((await again).ok);
});
