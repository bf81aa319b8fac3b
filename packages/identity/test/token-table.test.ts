/** Which tokens open the inner door, and how long what was found about them holds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { GATEWAY, outcome, rig, until, withKid } from "./harness.ts";
import { REFUSED_TOKENS } from "./refused-tokens.ts";

test("a token is refused that", async (t) => {
  const r = await rig(t, { algorithm: "RS256" });
  for (const { name, expected, token } of REFUSED_TOKENS) {
    await t.test(`has ${name} (${expected})`, async () => {
      const sent = await token(r);
      const verifier = r.verifier();
      // twice: what is refused is not remembered as good
      assert.equal(outcome(await verifier.verify(sent)), expected);
      assert.equal(outcome(await verifier.verify(sent)), expected);
    });
  }
});

test("let in: a good token, with its subject, audience, groups and expiry", async (t) => {
  const { issuer, clock, verifier } = await rig(t);
  const result = await verifier().verify(await issuer.mint({ groups: ["a", 1, "b"] }));
  assert.deepEqual(result, {
    ok: true,
    principal: {
      subject: GATEWAY,
      caller: GATEWAY,
      groups: ["a", "b"],
      audience: ["aux"],
      expiresAt: (clock.seconds + 3600) * 1000,
    },
  });
});

test("let in: within the leeway of 30 seconds, before and after", async (t) => {
  const { issuer, clock, verifier } = await rig(t);
  const v = verifier();
  const late = await issuer.mint({ exp: clock.seconds - 29 });
  const early = await issuer.mint({ nbf: clock.seconds + 30 });
  assert.equal(outcome(await v.verify(late)), "ok");
  assert.equal(outcome(await v.verify(early)), "ok");
});

test("let in: an audience as plain text, and among others where policy allows that", async (t) => {
  const { issuer, verifier } = await rig(t);
  const shared = await issuer.mint({ aud: ["userinfo", "aux"] });
  assert.equal(outcome(await verifier().verify(await issuer.mint({ aud: "aux" }))), "ok");
  assert.equal(outcome(await verifier({ exclusiveAudience: false }).verify(shared)), "ok");
});

test("let in: a token without kid while the issuer has one key", async (t) => {
  const { issuer, verifier } = await rig(t);
  assert.equal(outcome(await verifier().verify(await issuer.mint({}, { kid: undefined }))), "ok");
});

test("a verified token is refused once it has expired, leeway included", async (t) => {
  const { issuer, clock, verifier } = await rig(t);
  const v = verifier();
  const token = await issuer.mint({ ttlSeconds: 600 });
  for (let i = 0; i < 3; i++) assert.equal(outcome(await v.verify(token)), "ok");
  clock.passSeconds(629);
  assert.equal(outcome(await v.verify(token)), "ok");
  clock.passSeconds(1);
  assert.equal(outcome(await v.verify(token)), "401 expired");
});

test("a thousand tokens with unknown keys cause one reading of the keys", async (t) => {
  const { issuer, clock, verifier } = await rig(t);
  const v = verifier();
  assert.equal(outcome(await v.verify(await issuer.mint())), "ok");
  assert.equal(issuer.fetches.jwks, 1);
  const good = await issuer.mint();
  const tokens = Array.from({ length: 1000 }, (_, i) => withKid(good, `unknown-${i}`));
  const atOnce = await Promise.all(tokens.slice(0, 500).map((token) => v.verify(token)));
  assert.deepEqual([...new Set(atOnce.map(outcome))], ["401 unknown_key"]);
  for (const token of tokens.slice(500)) {
    assert.equal(outcome(await v.verify(token)), "401 unknown_key");
  }
  assert.equal(issuer.fetches.jwks, 2);
  clock.passSeconds(29);
  await v.verify(tokens[0]);
  assert.equal(issuer.fetches.jwks, 2);
  clock.passSeconds(1);
  await v.verify(tokens[0]);
  assert.equal(issuer.fetches.jwks, 3);
});

test("tokens of other issuers and algorithms never make the keys be read", async (t) => {
  const { issuer, verifier } = await rig(t);
  const v = verifier();
  await until("ready", 5000, v.isReady);
  await v.verify(await issuer.mint({ iss: "https://evil.example.com" }, { kid: "a" }));
  await v.verify(await issuer.mint({}, { kid: "b", alg: "HS256" }));
  assert.equal(issuer.fetches.jwks, 1);
});

test("a leeway above 30 seconds is refused", async (t) => {
  const { verifier } = await rig(t);
  assert.throws(() => verifier({ leewaySeconds: 31 }), RangeError);
});

test("a verifier that remembers two tokens still lets in three", async (t) => {
  const { issuer, verifier } = await rig(t);
  const v = verifier({ cacheSize: 2 });
  const tokens = await Promise.all([issuer.mint(), issuer.mint(), issuer.mint()]);
  for (const token of [...tokens, ...tokens]) assert.equal(outcome(await v.verify(token)), "ok");
});
