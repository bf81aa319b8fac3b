/** The outer door: whom it lets in, under which name, and what the others are told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  callerKeys,
  callerSettings,
  callerTokens,
  createCallerVerifier,
  createGuard,
  createKeyChecker,
  createLayerGuard,
  type KeyLookup,
  newApiKey,
} from "@airlock/identity";
import * as z from "zod";
import { assertNoToken, recordLog, rig } from "./harness.ts";

const GOOD_KEY: KeyLookup = {
  state: "valid",
  user_id: 1,
  username: "alice",
  account: "111122223333",
  role: "dev",
  session: "dev/alice",
  key_prefix: "gpud_abcdefgh",
  expires_at: "2030-01-01T00:00:00Z",
  remaining_ms: 60_000,
};

test("none and api-key have no tokens to verify", () => {
  const read = z.object(callerSettings);
  for (const GATEWAY_AUTH of ["none", "api-key", undefined]) {
    const verifier = createCallerVerifier(read.parse({ GATEWAY_AUTH }), { log: recordLog() });
    assert.equal(verifier, undefined);
  }
});

test("whoever was let in is known at the same door, as the same, and counted each time", async (t) => {
  const { issuer, verifier, log } = await rig(t);
  const { key, hash } = newApiKey();
  const checker = createKeyChecker({
    lookup: async (asked) => (asked === hash ? GOOD_KEY : { state: "unknown" }),
  });
  const token = await issuer.mint();
  const counted: string[] = [];
  const options = { log, observe: (outcome: string) => void counted.push(outcome) };
  const layer = { mode: "enforce", verifier: verifier(), ...options } as const;
  const doors = [
    [createGuard(callerTokens(verifier()), options), ["authorization", `Bearer ${token}`]],
    [createGuard(callerKeys(checker), options), ["authorization", `Bearer ${key}`]],
    [createLayerGuard(layer), ["x-airlock-layer", token, "x-airlock-caller", "alice"]],
  ] as const;
  for (const [guard, headers] of doors) {
    counted.length = 0;
    assert.equal(guard.known(headers), undefined);
    assert.deepEqual(counted, []);
    const found = await guard.check(headers);
    assert.ok(found.allow);
    assert.deepEqual(guard.known(headers), found);
    assert.deepEqual(counted, ["verified", "verified"]);
    assert.equal(guard.known([...headers, ...headers]), undefined, "sent twice");
  }
});

test("jwt: the caller's table", async (t) => {
  const { issuer, verifier, log, clock } = await rig(t);
  const emails = verifier({
    audience: "airlock",
    callerClaim: "email",
    groupsClaims: ["https://example.com/roles"],
    exclusiveAudience: false,
    algorithms: ["ES256"],
  });
  const guard = createGuard(callerTokens(emails), { log, now: clock.now });
  const base = { sub: "system:serviceaccount:gateway:gateway", aud: ["airlock", "userinfo"] };
  const alice = {
    ...base,
    email: "alice@example.com",
    "https://example.com/roles": ["reader", "writer"],
  };
  const good = await issuer.mint(alice);
  const told = async (...headers: string[]) => {
    const decision = await guard.check(headers);
    if (decision.allow) return `${decision.caller} ${decision.groups.join("+")}`;
    return `${decision.status} ${decision.reason} ${decision.headers["www-authenticate"]}`;
  };
  const invalid = 'Bearer error="invalid_token"';
  assert.equal(await told(), "401 missing Bearer");
  assert.equal(await told("Authorization", ""), "401 missing Bearer");
  for (const value of ["Bearer", "Bearer ", "Basic dTpw", good, `Bearer ${good} ${good}`]) {
    assert.equal(await told("Authorization", value), `401 malformed ${invalid}`);
  }
  assert.equal(await told("authorization", "Bearer x.y.z"), `401 malformed ${invalid}`);
  assert.equal(
    await told("Authorization", `Bearer ${good}`, "authorization", `Bearer ${good}`),
    `401 duplicated ${invalid}`,
  );
  const expired = await issuer.mint({ ...alice, exp: clock.seconds - 60 });
  assert.equal(await told("Authorization", `Bearer ${expired}`), `401 expired ${invalid}`);
  const nameless = await issuer.mint(base);
  assert.equal(await told("Authorization", `Bearer ${nameless}`), `401 claims ${invalid}`);
  const odd = await issuer.mint({ ...base, email: { a: 1 } });
  assert.equal(await told("Authorization", `Bearer ${odd}`), `401 claims ${invalid}`);
  for (const value of [`Bearer ${good}`, `bearer ${good}`, `BEARER  ${good}`]) {
    assert.equal(await told("Authorization", value), "alice@example.com reader+writer");
  }
  assertNoToken(log.lines, [good, expired, nameless, odd]);
});

test("a claim's name that objects are born with is no claim", async (t) => {
  const { issuer, verifier, log } = await rig(t);
  for (const callerClaim of ["constructor", "__proto__", "toString"]) {
    const guard = createGuard(callerTokens(verifier({ callerClaim })), { log });
    const decision = await guard.check(["authorization", `Bearer ${await issuer.mint()}`]);
    assert.ok(!decision.allow);
    assert.equal(decision.reason, "claims");
  }
});
