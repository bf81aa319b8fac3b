/** An issuer that answers wrongly, and one that wants to know who asks. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { rig, until } from "./harness.ts";

/** A server in the issuer's place. */
async function stand(t: TestContext, answer: RequestListener): Promise<string> {
  const server: Server = createServer(answer).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const WRONG_ANSWERS: readonly (readonly [name: string, said: RegExp, answer: RequestListener])[] = [
  ["status 500", /answered 500/, (_, response) => response.writeHead(500).end()],
  [
    "a redirect",
    /did not answer/,
    (_, response) => response.writeHead(302, { location: "/x" }).end(),
  ],
  ["no JSON", /no jwks_uri/, (_, response) => response.end("<html>")],
  [
    "a body without end",
    /more than a JWKS/,
    (_, response) => void response.end("x".repeat(300_000)),
  ],
  [
    "another issuer's document",
    /another issuer/,
    (request, response) =>
      response.end(
        JSON.stringify({
          issuer: "http://evil.test",
          jwks_uri: `http://${request.headers.host}/k`,
        }),
      ),
  ],
  [
    "a jwks_uri that is a file",
    /not https/,
    (request, response) =>
      response.end(
        JSON.stringify({
          issuer: `http://${request.headers.host}`,
          jwks_uri: "file:///etc/passwd",
        }),
      ),
  ],
  [
    "no usable keys",
    /no usable key/,
    (request, response) => {
      const issuer = `http://${request.headers.host}`;
      const secret = { kty: "oct", k: "c2VjcmV0", kid: "a" };
      const short = { kty: "RSA", n: "AQAB", e: "AQAB", kid: "b" };
      const body =
        request.url === "/k" ? { keys: [secret, short] } : { issuer, jwks_uri: `${issuer}/k` };
      response.end(JSON.stringify(body));
    },
  ],
];

for (const [name, said, answer] of WRONG_ANSWERS) {
  test(`an issuer that answers with ${name} leaves the verifier without keys`, async (t) => {
    const { log, verifier } = await rig(t);
    const v = verifier({ issuer: await stand(t, answer) });
    await until("a failed reading", 5000, () => log.lines.length > 0);
    assert.match(log.lines[0] ?? "", said);
    assert.equal(v.isReady(), false);
  });
}

test("a token to ask with goes to the issuer's own origin and nowhere else", async (t) => {
  const { issuer, verifier } = await rig(t);
  const directory = await mkdtemp("/tmp/airlock-identity-");
  t.after(() => rm(directory, { recursive: true }));
  const tokenFile = `${directory}/token`;
  const kept = await issuer.keepTokenFile(tokenFile, { aud: "kube" });
  const seen: (readonly [string | undefined, boolean])[] = [];
  const url = await stand(t, (request, response) => {
    seen.push([request.url, request.headers.authorization !== undefined]);
    const body = { issuer: url, jwks_uri: issuer.jwksUrl };
    response.end(JSON.stringify(request.url === "/keys" ? { keys: issuer.publicKeys() } : body));
  });
  const elsewhere: (string | null)[] = [];
  const discovered = verifier({
    issuer: url,
    jwks: { tokenFile },
    fetch: (address, init) => {
      if (String(address).startsWith(issuer.issuer)) {
        elsewhere.push(new Headers(init?.headers).get("authorization"));
      }
      return fetch(address, init);
    },
  });
  await until("keys by discovery", 5000, discovered.isReady);
  const direct = verifier({ jwks: { url: `${url}/keys`, tokenFile } });
  await until("keys by address", 5000, direct.isReady);
  assert.deepEqual(seen, [
    ["/.well-known/openid-configuration", true],
    ["/keys", true],
  ]);
  assert.deepEqual(elsewhere, [null]);
  kept.close();
});
