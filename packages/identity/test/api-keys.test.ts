/** The form of API keys and the verdict on a stored one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PROBLEMS } from "@airlock/contract";
import {
  API_KEY_PATTERN,
  API_KEY_PREFIX_PATTERN,
  hashApiKey,
  isApiKey,
  judgeKey,
  KEY_REFUSALS,
  keyCaller,
  newApiKey,
  type StoredKey,
  ValidKey,
} from "@airlock/identity";

test("a new key has the published form, a short prefix and a SHA-256 hash", () => {
  const { key, prefix, hash } = newApiKey();
  assert.match(key, API_KEY_PATTERN);
  assert.match(prefix, API_KEY_PREFIX_PATTERN);
  assert.ok(prefix.length <= 16 && key.startsWith(prefix));
  assert.equal(hash, hashApiKey(key));
  assert.match(hash, /^[0-9a-f]{64}$/);
  assert.ok(43 * Math.log2(62) >= 256);
});

test("the checksum of a key is what other programs compute", () => {
  // zlib.crc32(b"gpud_" + b"0" * 43) == 0xe70a36cc in Python
  const body = `gpud_${"0".repeat(43)}`;
  assert.ok(isApiKey(`${body}4EKAKC`));
});

test("a key with any one character changed is no key", () => {
  const { key } = newApiKey();
  for (let at = 0; at < key.length; at++) {
    const changed = key.slice(0, at) + (key[at] === "x" ? "y" : "x") + key.slice(at + 1);
    assert.equal(isApiKey(changed), false, `position ${at}`);
  }
});

test("what only resembles a key is no key", () => {
  const { key } = newApiKey();
  for (const text of ["", "gpud_", key.slice(0, -1), `${key}0`, `${key}\n`, ` ${key}`, `x${key}`]) {
    assert.equal(isApiKey(text), false, JSON.stringify(text));
  }
});

test("every base62 character is equally likely in a key", () => {
  const counts = new Map<string, number>();
  const keys = 4000;
  for (let made = 0; made < keys; made++) {
    for (const character of newApiKey().key.slice(5, 48)) {
      counts.set(character, (counts.get(character) ?? 0) + 1);
    }
  }
  const expected = (keys * 43) / 62;
  assert.equal(counts.size, 62);
  let chiSquared = 0;
  for (const count of counts.values()) chiSquared += (count - expected) ** 2 / expected;
  // 61 degrees of freedom: by chance above 140 once in ten million runs; `% 62` of a byte gives 2700
  assert.ok(chiSquared < 140, String(chiSquared));
});

const stored: StoredKey = {
  userId: 7,
  username: "alice",
  account: "111122223333",
  role: "SSOCloudDevGpuReservation",
  session: "alice@example.com",
  keyPrefix: "gpud_abcdefgh",
  isUserActive: true,
  isKeyActive: true,
  expiresAt: new Date("2026-01-15T16:30:00.123Z"),
  remainingMs: 5000,
};
const allowed = { accounts: ["111122223333"], role: "SSOCloudDevGpuReservation" };

test("a good key names its user and survives the wire", () => {
  const found = judgeKey(stored, allowed);
  assert.ok(found.state === "valid");
  assert.equal(found.user_id, 7);
  assert.equal(found.expires_at, "2026-01-15T16:30:00.123Z");
  assert.deepEqual(ValidKey.parse(JSON.parse(JSON.stringify(found))), found);
});

const BAD: readonly [name: string, change: Partial<StoredKey>, state: string][] = [
  ["whose time is up", { remainingMs: 0 }, "expired"],
  ["that was revoked", { isKeyActive: false, remainingMs: -1 }, "revoked"],
  ["of a disabled user", { isUserActive: false, isKeyActive: false }, "disabled"],
  ["of a role that is no longer allowed", { role: "Other" }, "wrong_role"],
  ["of a role in other case", { role: allowed.role.toLowerCase() }, "wrong_role"],
  ["of an account that is no longer allowed", { account: "444455556666" }, "wrong_role"],
];
for (const [name, change, state] of BAD) {
  test(`a key ${name} is ${state}`, () => {
    assert.deepEqual(judgeKey({ ...stored, ...change }, allowed), { state });
  });
}

test("every refusal has a code of the contract with the same status, and a challenge", () => {
  for (const [state, refusal] of Object.entries(KEY_REFUSALS)) {
    assert.equal(refusal.code, `api_key_${state}`);
    assert.equal(PROBLEMS[refusal.code][0], refusal.status, state);
    assert.match(refusal.wwwAuthenticate, /^Bearer( error="invalid_token"|$)/);
  }
});

const ROLE = "SSOCloudDevGpuReservation";
for (const [session, caller] of [
  ["alice@example.com", `aws:111122223333:${ROLE}:alice@example.com`],
  ["alice-example.com", `aws:111122223333:${ROLE}:alice-example.com`],
  ["a=b,c.d@e-f_g+h", `aws:111122223333:${ROLE}:a=b,c.d@e-f_g+h`],
  // AWS gives out none of these today
  ["a:b", `aws:111122223333:${ROLE}:a%3Ab`],
  ["100% a/b*", `aws:111122223333:${ROLE}:100%25%20a%2Fb%2A`],
  ["ключ", `aws:111122223333:${ROLE}:%D0%BA%D0%BB%D1%8E%D1%87`],
  ["a\r\nb", `aws:111122223333:${ROLE}:a%0D%0Ab`],
] as const) {
  test(`the session ${JSON.stringify(session)} is the caller ${caller.slice(43)}`, () => {
    assert.equal(keyCaller({ account: "111122223333", role: ROLE, session }), caller);
  });
}

test("two owners are two callers, wherever the separators of one stand in the other", () => {
  const owners = [
    ["111122223333", "a", "b"],
    ["111122223333", "a:b", "c"],
    ["111122223333", "a", "b:c"],
    ["111122223333", "a%3Ab", "c"],
    ["444455556666", "a", "b"],
    ["111122223333", "A", "b"],
    ["111122223333", "a", "b "],
  ] as const;
  const names = owners.map(([account, role, session]) => keyCaller({ account, role, session }));
  assert.equal(new Set(names).size, owners.length, names.join("\n"));
});
