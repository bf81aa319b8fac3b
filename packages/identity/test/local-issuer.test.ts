/** The issuer for laptops plays the cluster's: its documents, its claims, its token files. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { test } from "node:test";
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
  const { issuer } = await rig(t, { algorithm: "RS256", isPublic: true });
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

test("like an API server it knows readers by their token, and its keys as one kind", async (t) => {
  const { issuer } = await rig(t);
  const token = await readFile(issuer.readerTokenFile, "utf8");
  const discovery = `${issuer.issuer}/.well-known/openid-configuration`;
  const ask = async (url: string, bearer?: string, accept?: string) => {
    const authorization = bearer && `Bearer ${bearer}`;
    const headers = { ...(authorization && { authorization }), ...(accept && { accept }) };
    const answer = await fetch(url, { headers });
    return [answer.status, answer.headers.get("content-type")];
  };
  const jwks = "application/jwk-set+json";
  assert.deepEqual(await ask(discovery, token), [200, "application/json"]);
  assert.deepEqual(await ask(issuer.jwksUrl, token), [200, jwks]);
  assert.deepEqual(await ask(issuer.jwksUrl, token, `text/html, ${jwks};q=0.1`), [200, jwks]);
  for (const [url, bearer, accept, status] of [
    [discovery, undefined, undefined, 403],
    [issuer.jwksUrl, undefined, undefined, 403],
    [issuer.jwksUrl, await issuer.mint(), undefined, 401],
    [issuer.jwksUrl, "a.b.c", undefined, 401],
    [issuer.jwksUrl, token, "application/json", 406],
    [discovery, token, jwks, 406],
    [`${issuer.issuer}//`, token, undefined, 404],
  ] as const) {
    assert.equal((await ask(url, bearer, accept))[0], status, `${url} ${accept}`);
  }
});

test("it is asked by name, and names its keys by address", async (t) => {
  const { issuer } = await rig(t, { isPublic: true });
  const { port } = new URL(issuer.issuer);
  const answer = await fetch(`${issuer.issuer}/.well-known/openid-configuration`);
  const said = (await answer.json()) as { issuer: string; jwks_uri: string };
  assert.equal(said.issuer, `http://localhost:${port}`);
  assert.equal(said.jwks_uri, `http://127.0.0.1:${port}/openid/v1/jwks`);
});
