/** What happens while the issuer is away, slow or back again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { outcome, rig, until, withKid } from "./harness.ts";

test("an issuer away for 10 minutes refuses nobody, with known tokens or new ones", async (t) => {
  const { issuer, clock, verifier } = await rig(t);
  const v = verifier();
  const known = await issuer.mint();
  assert.equal(outcome(await v.verify(known)), "ok");
  await issuer.pause();
  for (let second = 0; second < 600; second += 15) {
    clock.passSeconds(15);
    assert.equal(outcome(await v.verify(known)), "ok");
    assert.equal(outcome(await v.verify(await issuer.mint())), "ok");
  }
  assert.equal(v.isReady(), true);
});

test("keys serve for an hour after they were last read, then nothing is verified", async (t) => {
  const { issuer, clock, log, verifier } = await rig(t);
  const v = verifier();
  const token = await issuer.mint({ ttlSeconds: 86_400 });
  assert.equal(outcome(await v.verify(token)), "ok");
  await issuer.pause();
  clock.passSeconds(3600);
  assert.equal(outcome(await v.verify(token)), "ok");
  await until("a failed reading", 5000, () =>
    log.lines.some((line) => line.includes("cannot be read")),
  );
  clock.passSeconds(1);
  assert.equal(outcome(await v.verify(token)), "503 unavailable");
  assert.equal(outcome(await v.verify(await issuer.mint())), "503 unavailable");
  assert.equal(v.isReady(), false);
  await issuer.resume();
  await until("ready again", 2000, v.isReady);
  assert.equal(outcome(await v.verify(token)), "ok");
});

test("an issuer that is away is asked at most once in 30 seconds while old keys serve", async (t) => {
  const { issuer, clock, verifier } = await rig(t);
  let asked = 0;
  const v = verifier({
    fetch: (...args) => {
      asked++;
      return fetch(...args);
    },
  });
  const token = await issuer.mint();
  await v.verify(token);
  await issuer.pause();
  clock.passSeconds(601);
  asked = 0;
  for (let i = 0; i < 300; i++) {
    clock.passSeconds(1);
    await v.verify(token);
    await v.verify(withKid(token, `unknown-${i}`));
  }
  assert.ok(asked >= 5 && asked <= 11, `${asked} readings in 300 seconds`);
});

test("started without its issuer a verifier is not ready and answers 503, and recovers within 2 s", async (t) => {
  const { issuer, log, verifier } = await rig(t);
  const token = await issuer.mint();
  await issuer.pause();
  const v = verifier();
  assert.equal(v.isReady(), false);
  assert.equal(v.keysAgeSeconds(), Number.POSITIVE_INFINITY);
  assert.equal(outcome(await v.verify(token)), "503 unavailable");
  assert.equal(outcome(await v.verify(undefined)), "401 missing");
  assert.equal(outcome(await v.verify("x")), "401 malformed");
  await until("a failed reading", 5000, () => log.lines.length > 0);
  await issuer.resume();
  const tookMs = await until("ready", 2000, v.isReady);
  t.diagnostic(`ready ${tookMs.toFixed(0)} ms after the issuer's return`);
  assert.equal(outcome(await v.verify(token)), "ok");
  assert.equal(v.keysAgeSeconds(), 0);
});

test("an outage is logged when it begins, not once per try", async (t) => {
  const { issuer, log, verifier } = await rig(t);
  await issuer.pause();
  let tries = 0;
  verifier({
    fetch: (...args) => {
      tries++;
      return fetch(...args);
    },
  });
  await until("three tries", 5000, () => tries >= 3);
  assert.equal(log.lines.length, 1, log.lines.join("\n"));
});

test("a request that comes while the keys are first read waits for them", async (t) => {
  const { issuer, verifier } = await rig(t);
  assert.equal(outcome(await verifier().verify(await issuer.mint())), "ok");
});

test("an issuer that never answers keeps a request for a second, and the next not at all", async (t) => {
  const { issuer, log, verifier } = await rig(t);
  const token = await issuer.mint();
  const hung = (_url: unknown, init?: RequestInit) =>
    new Promise<Response>((_, reject) => {
      init?.signal?.addEventListener("abort", () => reject(init.signal?.reason));
    });
  const v = verifier({ fetch: hung });
  const startedAt = performance.now();
  assert.equal(outcome(await v.verify(token)), "503 unavailable");
  const firstMs = performance.now() - startedAt;
  assert.ok(firstMs > 900 && firstMs < 1900, `${firstMs} ms`);
  await until("the reading is given up", 5000, () => log.lines.length > 0);
  const secondAt = performance.now();
  assert.equal(outcome(await v.verify(token)), "503 unavailable");
  assert.ok(performance.now() - secondAt < 500);
});

test("after a sleep of two hours the first request is let in, with keys read anew", async (t) => {
  const { issuer, clock, verifier } = await rig(t);
  const v = verifier();
  const token = await issuer.mint({ ttlSeconds: 86_400 });
  assert.equal(outcome(await v.verify(token)), "ok");
  clock.passSeconds(7200);
  assert.equal(outcome(await v.verify(token)), "ok");
  assert.equal(issuer.fetches.jwks, 2);
});
