/** An issuer that answers wrongly. */
import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { test } from "node:test";
import { rig, stand, until } from "./harness.ts";

const WRONG_ANSWERS: readonly (readonly [name: string, said: RegExp, answer: RequestListener])[] = [
  ["status 500", /answered 500/, (_, response) => response.writeHead(500).end()],
  [
    "a redirect",
    /answered 302: redirects are not followed; name the address of the keys in LAYER_AUTH_JWKS_URL/,
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
