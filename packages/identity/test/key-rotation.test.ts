/** Signing keys that come and go. */
import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { GATEWAY, outcome, rig, until } from "./harness.ts";

test("a token of a new key is let in at once, beside those of the old one", async (t) => {
  const { issuer, verifier } = await rig(t);
  const v = verifier();
  const old = await issuer.mint();
  assert.equal(outcome(await v.verify(old)), "ok");
  await issuer.rotate();
  const many = await Promise.all(Array.from({ length: 50 }, () => issuer.mint()));
  const results = await Promise.all([...many, old].map((token) => v.verify(token)));
  assert.deepEqual([...new Set(results.map(outcome))], ["ok"]);
  assert.equal(issuer.fetches.jwks, 2);
});

test("a withdrawn key is refused after 10 minutes at most, for tokens verified before too", async (t) => {
  const { issuer, clock, verifier } = await rig(t);
  const v = verifier();
  const first = await issuer.mint();
  const second = await issuer.mint();
  for (const token of [first, first, second]) assert.equal(outcome(await v.verify(token)), "ok");
  await issuer.rotate();
  issuer.dropOldKeys();
  clock.passSeconds(599);
  assert.equal(outcome(await v.verify(first)), "ok");
  clock.passSeconds(1);
  await v.verify(first); // begins the reading; requests do not wait for it
  await until("the keys are read again", 5000, () => issuer.fetches.jwks === 2);
  await until("forgotten", 5000, () => v.keysAgeSeconds() === 0);
  assert.equal(outcome(await v.verify(first)), "401 unknown_key");
  assert.equal(outcome(await v.verify(second)), "401 unknown_key");
  assert.equal(outcome(await v.verify(await issuer.mint())), "ok");
});

test("keys that stay do not make verified tokens be verified again", async (t) => {
  const { issuer, clock, log, verifier } = await rig(t);
  const v = verifier();
  const token = await issuer.mint();
  await v.verify(token);
  clock.passSeconds(601);
  await v.verify(token);
  await until("the keys are read again", 5000, () => v.keysAgeSeconds() === 0);
  assert.equal(log.lines.filter((line) => line.includes("keys read")).length, 1);
  assert.equal(outcome(await v.verify(token)), "ok");
});

test("a clock that is set back does not put off a rotation", async (t) => {
  const { issuer, clock, verifier } = await rig(t);
  const v = verifier();
  await v.verify(await issuer.mint({}, { kid: "unknown" }));
  clock.passSeconds(-7200);
  await issuer.rotate();
  assert.equal(outcome(await v.verify(await issuer.mint())), "ok");
});

test("keys in a file are read again when it changes, and serve on while it is gone", async (t) => {
  const { issuer, clock, verifier } = await rig(t);
  const directory = await mkdtemp("/tmp/airlock-identity-");
  t.after(() => rm(directory, { recursive: true }));
  const file = `${directory}/jwks.json`;
  const write = () => writeFile(file, JSON.stringify({ keys: issuer.publicKeys() }));
  await write();
  const v = verifier({ jwks: { file } });
  const token = await issuer.mint();
  assert.equal(outcome(await v.verify(token)), "ok");
  await rename(file, `${file}.gone`);
  clock.passSeconds(60);
  assert.equal(outcome(await v.verify(token)), "ok");
  await issuer.rotate();
  await write();
  clock.passSeconds(60);
  assert.equal(outcome(await v.verify(await issuer.mint())), "ok");
  assert.deepEqual(issuer.fetches, { discovery: 0, jwks: 0 });
});

for (const algorithm of ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"] as const) {
  test(`${algorithm} is verified where it is allowed, and refused where not`, async (t) => {
    const { issuer, clock, verifier } = await rig(t);
    const directory = await mkdtemp("/tmp/airlock-identity-");
    t.after(() => rm(directory, { recursive: true }));
    const { privateKey, publicKey } = await generateKeyPair(algorithm);
    const file = `${directory}/jwks.json`;
    const jwk = { ...(await exportJWK(publicKey)), kid: "a" };
    await writeFile(file, JSON.stringify({ keys: [jwk] }));
    const token = await new SignJWT({ aud: "aux", iss: issuer.issuer, sub: GATEWAY })
      .setProtectedHeader({ alg: algorithm, kid: "a" })
      .setExpirationTime(clock.seconds + 60)
      .sign(privateKey);
    const allowed = verifier({ jwks: { file }, algorithms: [algorithm] });
    assert.equal(outcome(await allowed.verify(token)), "ok");
    const others = algorithm === "RS256" ? (["ES256"] as const) : (["RS256"] as const);
    const strict = verifier({ jwks: { file }, algorithms: others });
    assert.equal(outcome(await strict.verify(token)), "401 algorithm");
  });
}
