/** The issuer for laptops plays the cluster's: its documents, its claims, its token files. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { test } from "node:test";
import { createLocalIssuer } from "@airlock/identity/local-issuer";
import { claimsOf, rig, until } from "./harness.ts";

test("its token says what a projected token says", async (t) => {
  const { issuer, clock } = await rig(t);
  const { jti, "kubernetes.io": kubernetes, ...claims } = claimsOf(await issuer.mint());
  assert.deepEqual(claims, {
    aud: ["aux"],
    exp: clock.seconds + 3600,
    iat: clock.seconds,
    iss: issuer.issuer,
    nbf: clock.seconds,
    sub: "system:serviceaccount:gateway:gateway",
  });
  assert.equal(typeof jti, "string");
  assert.partialDeepStrictEqual(kubernetes, {
    namespace: "gateway",
    serviceaccount: { name: "gateway" },
    pod: { name: "gateway-0" },
  });
});

test("it shows public keys only, and refuses connections while paused", async (t) => {
  const { issuer } = await rig(t, { algorithm: "RS256" });
  const shown = async () => (await fetch(issuer.jwksUrl)).json() as Promise<{ keys: object[] }>;
  const { keys } = await shown();
  assert.deepEqual(Object.keys(keys[0] ?? {}).sort(), ["alg", "e", "kid", "kty", "n", "use"]);
  await issuer.pause();
  await assert.rejects(shown());
  await issuer.resume();
  assert.deepEqual((await shown()).keys, keys);
});

test("it keeps a token file fresh by itself", async (t) => {
  const { issuer } = await rig(t);
  const directory = await mkdtemp("/tmp/airlock-identity-");
  t.after(() => rm(directory, { recursive: true }));
  const path = `${directory}/layer/token`;
  const kept = await issuer.keepTokenFile(path, {}, { ttlSeconds: 0.05 });
  t.after(() => kept.close());
  const first = await readFile(path, "utf8");
  let latest = first;
  const reading = setInterval(() => {
    const set = (text: string) => {
      latest = text;
    };
    void readFile(path, "utf8").then(set, () => undefined); // a swap was under way
  }, 5);
  t.after(() => clearInterval(reading));
  await until("a new token", 5000, () => latest !== first);
  assert.match(latest, /^[\w-]+\.[\w-]+\.[\w-]+$/);
});

test("it stays on loopback", async () => {
  await assert.rejects(createLocalIssuer({ host: "0.0.0.0" }), RangeError);
});
