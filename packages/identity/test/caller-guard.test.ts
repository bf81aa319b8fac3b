/** The outer door: whom it lets in, under which name, and what the others are told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCallerGuard } from "@airlock/identity";
import { assertNoToken, recordLog, rig } from "./harness.ts";

test("none lets everybody in, without a name", async () => {
  const guard = createCallerGuard({ verifier: undefined, log: recordLog() });
  assert.deepEqual(await guard.check(["Authorization", "Bearer x"]), {
    allow: true,
    caller: undefined,
    groups: [],
  });
});

test("jwt: the caller's table", async (t) => {
  const { issuer, verifier, log, clock } = await rig(t);
  const guard = createCallerGuard({
    verifier: verifier({
      audience: "airlock",
      callerClaim: "email",
      groupsClaim: "https://example.com/roles",
      exclusiveAudience: false,
      algorithms: ["ES256"],
    }),
    log,
    now: clock.now,
  });
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
    const guard = createCallerGuard({ verifier: verifier({ callerClaim }), log });
    const decision = await guard.check(["authorization", `Bearer ${await issuer.mint()}`]);
    assert.ok(!decision.allow);
    assert.equal(decision.reason, "claims");
  }
});
