/** The issuer for laptops plays the cluster's: its documents, its claims, its token files. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createLocalIssuer, type LocalIssuerOptions } from "@airlock/local-issuer";

/** An issuer for one test, whose clock stands still. */
async function start(t: TestContext, options: LocalIssuerOptions = {}) {
  const now = new Date();
  const issuer = await createLocalIssuer({ algorithm: "ES256", now: () => now, ...options });
  t.after(() => issuer.close());
  return { issuer, seconds: Math.floor(now.getTime() / 1000) };
}

const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());

test("its token says what a projected token says", async (t) => {
  const { issuer, seconds } = await start(t);
  const { jti, "kubernetes.io": kubernetes, ...claims } = claimsOf(await issuer.mint());
  assert.deepEqual(claims, {
    aud: ["aux"],
    exp: seconds + 3600,
    iat: seconds,
    iss: issuer.issuer,
    nbf: seconds,
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
  const { issuer } = await start(t, { algorithm: "RS256", isPublic: true });
  const shown = async () => (await fetch(issuer.jwksUrl)).json() as Promise<{ keys: object[] }>;
  const { keys } = await shown();
  assert.deepEqual(Object.keys(keys[0] ?? {}).sort(), ["alg", "e", "kid", "kty", "n", "use"]);
  await issuer.pause();
  await assert.rejects(shown());
  await issuer.resume();
  assert.deepEqual((await shown()).keys, keys);
});

test("it keeps a token file fresh by itself", async (t) => {
  const { issuer } = await start(t);
  const directory = await mkdtemp("/tmp/airlock-issuer-test-");
  t.after(() => rm(directory, { recursive: true }));
  const path = `${directory}/layer/token`;
  const kept = await issuer.keepTokenFile(path, {}, { ttlSeconds: 0.05 });
  t.after(() => kept.close());
  const first = await readFile(path, "utf8");
  const limit = performance.now() + 5000;
  let latest = first;
  while (latest === first && performance.now() < limit) {
    await delay(5);
    latest = await readFile(path, "utf8").catch(() => first); // a swap was under way
  }
  assert.notEqual(latest, first, "no new token");
  assert.match(latest, /^[\w-]+\.[\w-]+\.[\w-]+$/);
});

test("like an API server it knows readers by their token, and its keys as one kind", async (t) => {
  const { issuer } = await start(t);
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
  const { issuer } = await start(t, { isPublic: true });
  const { port } = new URL(issuer.issuer);
  const answer = await fetch(`${issuer.issuer}/.well-known/openid-configuration`);
  const said = (await answer.json()) as { issuer: string; jwks_uri: string };
  assert.equal(said.issuer, `http://localhost:${port}`);
  assert.equal(said.jwks_uri, `http://127.0.0.1:${port}/openid/v1/jwks`);
});
