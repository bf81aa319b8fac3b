/** An issuer that is a Kubernetes API server: who may read its keys, where, and with which token. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import type { KeyLocation } from "@airlock/identity";
import { outcome, reasonIn, rig, stand, until } from "./harness.ts";

for (const way of ["address", "discovery"] as const) {
  test(`an API server's keys are read by ${way}, in the one kind that it has`, async (t) => {
    const { issuer, verifier } = await rig(t);
    const tokenFile = issuer.readerTokenFile;
    const v = verifier({
      jwks: way === "address" ? { url: issuer.jwksUrl, tokenFile } : { tokenFile },
    });
    assert.equal(outcome(await v.verify(await issuer.mint())), "ok");
    assert.equal(outcome(await v.verify(await issuer.mint({ aud: ["jobs"] }))), "401 audience");
    const other = await issuer.mint({ sub: "system:serviceaccount:default:default" });
    assert.equal(outcome(await v.verify(other)), "403 subject");
    assert.deepEqual(issuer.fetches, { discovery: way === "address" ? 0 : 1, jwks: 1 });
  });
}

test("one that shows its keys to everybody needs no token, and is asked where it says", async (t) => {
  const { issuer, verifier } = await rig(t, { isPublic: true });
  const asked: string[] = [];
  const v = verifier({
    jwks: {},
    fetch: (address, init) => {
      asked.push(address);
      return fetch(address, init);
    },
  });
  assert.equal(outcome(await v.verify(await issuer.mint())), "ok");
  const { port } = new URL(issuer.issuer);
  assert.equal(asked[1], `http://127.0.0.1:${port}/openid/v1/jwks`);
});

/** An issuer whose keys are at another origin, and who is asked for what with a token. */
async function splitRig(t: Parameters<typeof rig>[0], own: (path: string) => object | string) {
  const { issuer, verifier, log } = await rig(t);
  const seen: string[] = [];
  const note = (name: string, { url, headers }: IncomingMessage) =>
    seen.push(`${name} ${url}${headers.authorization ? " with the token" : ""}`);
  const keys = () => JSON.stringify({ keys: issuer.publicKeys() });
  const elsewhere = await stand(t, (request, response) => {
    note("elsewhere", request);
    response.end(keys());
  });
  const url = await stand(t, (request, response) => {
    note("issuer", request);
    const isDiscovery = request.url?.startsWith("/.well-known") === true;
    const discovery = { issuer: url, jwks_uri: `${elsewhere}/keys?v=1` };
    const body = isDiscovery ? discovery : own(request.url ?? "");
    if (body === "") response.statusCode = 404;
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  const ready = async (jwks: KeyLocation) => {
    const v = verifier({ issuer: url, jwks });
    await until("keys", 5000, v.isReady);
    return seen.splice(0);
  };
  return { issuer, elsewhere, url, log, ready };
}

const DISCOVERED = "issuer /.well-known/openid-configuration with the token";

test("a token goes to the issuer's own origin and nowhere else", async (t) => {
  const { issuer, url, elsewhere, ready } = await splitRig(t, () => "");
  const tokenFile = issuer.readerTokenFile;
  assert.deepEqual(await ready({ tokenFile }), [
    DISCOVERED,
    "issuer /keys?v=1 with the token",
    "elsewhere /keys?v=1",
  ]);
  assert.deepEqual(await ready({ url: `${elsewhere}/k`, tokenFile }), [
    "elsewhere /k with the token",
  ]);
  assert.deepEqual(await ready({}), [
    DISCOVERED.replace(" with the token", ""),
    "elsewhere /keys?v=1",
  ]);
  assert.ok(url);
});

test("keys at the issuer's own origin are taken before those at another one", async (t) => {
  const { issuer, ready } = await splitRig(t, () => ({ keys: issuer.publicKeys() }));
  assert.deepEqual(await ready({ tokenFile: issuer.readerTokenFile }), [
    DISCOVERED,
    "issuer /keys?v=1 with the token",
  ]);
});

test("a page in the place of keys does not hide those at another origin", async (t) => {
  const { issuer, ready } = await splitRig(t, () => "<html>");
  const asked = await ready({ tokenFile: issuer.readerTokenFile });
  assert.equal(asked.at(-1), "elsewhere /keys?v=1");
});

test("keys elsewhere that want a token are told to be named, not given one", async (t) => {
  const { issuer, log, verifier } = await rig(t);
  const tokenFile = issuer.readerTokenFile;
  const elsewhere = await stand(t, (_, response) => response.writeHead(403).end());
  const url = await stand(t, (request, response) => {
    if (request.url === "/keys") response.statusCode = 404;
    response.end(JSON.stringify({ issuer: url, jwks_uri: `${elsewhere}/keys` }));
  });
  verifier({ issuer: url, jwks: { tokenFile } });
  assert.equal(
    await reasonIn(log),
    `${elsewhere}/keys answered 403: the token in ${tokenFile} does not go to another host than the issuer's; name the address of the keys in LAYER_AUTH_JWKS_URL`,
  );
});

test("a token that was renewed is asked with at the next reading", async (t) => {
  const { issuer, clock, verifier } = await rig(t);
  const v = verifier();
  assert.equal(outcome(await v.verify(await issuer.mint())), "ok");
  await issuer.rotate(); // writes the reader's token anew
  issuer.dropOldKeys(); // and the one before is worth nothing
  clock.passSeconds(601);
  assert.equal(outcome(await v.verify(await issuer.mint())), "ok");
});

test("without a token the log says which setting is missing", async (t) => {
  const { issuer, log, verifier } = await rig(t);
  verifier({ jwks: {} });
  assert.equal(
    await reasonIn(log),
    `${issuer.issuer}/.well-known/openid-configuration answered 403: it does not show this to everybody; set LAYER_AUTH_JWKS_TOKEN_FILE to the file of a token that may read it`,
  );
});

test("the setting is named as the door has it", async (t) => {
  const { log, verifier } = await rig(t);
  verifier({ jwks: { settings: "GATEWAY_JWT" } });
  assert.match(await reasonIn(log), /; set GATEWAY_JWT_JWKS_TOKEN_FILE to/);
});

test("a token that is not the issuer's is told from one that may not read", async (t) => {
  const { issuer, log, verifier } = await rig(t);
  const tokenFile = `${issuer.readerTokenFile}-other`;
  await writeFile(tokenFile, await issuer.mint({ aud: ["aux"] }));
  verifier({ jwks: { tokenFile } });
  assert.equal(
    await reasonIn(log),
    `${issuer.issuer}/.well-known/openid-configuration answered 401: it does not accept the token in ${tokenFile}; have one projected there without an audience, which makes it one for the API server, and keep it renewed`,
  );
});

test("a token file that is not there is named", async (t) => {
  const { log, verifier } = await rig(t);
  verifier({ jwks: { tokenFile: "/nowhere/token" } });
  assert.equal(
    await reasonIn(log),
    "/nowhere/token cannot be read (ENOENT); have a token projected there, or correct LAYER_AUTH_JWKS_TOKEN_FILE",
  );
});

const REASONS: readonly (readonly [status: number, reason: RegExp])[] = [
  [401, /answered 401: it does not show this to everybody; set LAYER_AUTH_JWKS_TOKEN_FILE/],
  [404, /answered 404: there are no keys at this address; name .* in LAYER_AUTH_JWKS_URL$/],
  [406, /answered 406: it offers neither application\/jwk-set\+json nor application\/json there/],
  [500, /answered 500: it is in trouble, and is asked again by itself$/],
];
for (const [status, reason] of REASONS) {
  test(`an answer of ${status} is told with what to do about it`, async (t) => {
    const { log, verifier } = await rig(t);
    const url = await stand(t, (_, response) => response.writeHead(status).end());
    verifier({ jwks: { url } });
    assert.match(await reasonIn(log), reason);
  });
}

const FAILURES: readonly (readonly [code: string, reason: RegExp])[] = [
  [
    "ENOTFOUND",
    /^https:\/\/keys\.example\.com\/k did not answer \(ENOTFOUND\): the name keys\.example\.com cannot be resolved; correct it, or allow the way to DNS$/,
  ],
  ["EAI_AGAIN", /cannot be resolved/],
  ["ECONNREFUSED", /nothing listens at keys\.example\.com; /],
  ["UND_ERR_CONNECT_TIMEOUT", /allow the way to keys\.example\.com, in network policies/],
];
for (const [code, reason] of FAILURES) {
  test(`${code} is told with what to do about it`, async (t) => {
    const { log, verifier } = await rig(t);
    const cause = Object.assign(new Error("said by the system"), { code });
    const fetch = () => Promise.reject(new TypeError("fetch failed", { cause }));
    verifier({ jwks: { url: "https://keys.example.com/k" }, fetch });
    assert.match(await reasonIn(log), reason);
  });
}
