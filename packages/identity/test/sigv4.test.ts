/** Signatures, held against AWS's own vectors and against the library that AWS's SDK signs with. */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { SignatureV4 } from "@smithy/signature-v4";
import { canonicalRequest } from "../src/sigv4/canonical-request.ts";
import { scopeOf, signatureOf, signingKey } from "../src/sigv4/signature.ts";
import { createSigner, type Outgoing } from "../src/sigv4/signer.ts";
import { Sha256 } from "./aws-login-harness.ts";
import vectors from "./sigv4-vectors.json" with { type: "json" };

type Vector = (typeof vectors.cases)[number];

/** The lines of a request as they stand, a body after an empty one. */
function parse(text: string) {
  const [head = "", ...rest] = text.split("\n\n");
  const [start = "", ...lines] = head.split("\n");
  const [, method = "", target = ""] = /^(\S+) (.*) HTTP\/1\.1$/.exec(start) ?? [];
  const headers = new Map<string, string>();
  for (const line of lines) {
    if (line === "") continue;
    const at = line.indexOf(":");
    const [name, value] = [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return { method, target, headers, body: rest.join("\n\n") };
}

function signed({ request, signsBody, token, tokenIsSigned }: Vector) {
  const { method, target, headers, body } = parse(request);
  headers.set("x-amz-date", vectors.date);
  if (token !== undefined && tokenIsSigned) headers.set("x-amz-security-token", token);
  const payloadHash = hash("sha256", body);
  if (signsBody) headers.set("x-amz-content-sha256", payloadHash);
  const { text } = canonicalRequest({ method, target, headers, payloadHash });
  const scope = scopeOf(vectors);
  const key = signingKey(vectors.secretAccessKey, scope);
  return { text, signature: signatureOf(text, vectors.date, scope, key) };
}

test("AWS's vectors: all but those for S3 and for a header in several lines", () => {
  const differing = vectors.cases.filter((vector) => {
    const { text, signature } = signed(vector);
    if (signature !== vector.signature) return true;
    assert.equal(text, vector.canonicalRequest, vector.name);
    return false;
  });
  assert.equal(vectors.cases.length, 38);
  assert.deepEqual(
    differing.map(({ name }) => name),
    [
      // RFC 9112 §5.2: nobody may send one
      "get-header-value-multiline",
      // paths that S3 alone takes as they are
      "get-relative-relative-unnormalized",
      "get-relative-unnormalized",
      "get-slash-dot-slash-unnormalized",
      "get-slash-pointless-dot-unnormalized",
      "get-slash-unnormalized",
      "get-slashes-unnormalized",
    ],
  );
});

const KEYS = {
  accessKeyId: "ASIAEXAMPLEEXECUTION",
  secretAccessKey: "EXAMPLE/nothing/here/is/secret/aaaaaaaaa",
  sessionToken: "IQoJexample/token+with=signs",
};
const HOST = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com";
const NOW = Date.UTC(2026, 10, 27, 23, 59, 59);

/** What AWS's library says of the same request, signed over the same headers. */
async function oracle(
  sent: { path: string; headers: readonly string[] },
  outgoing: Outgoing,
  nowMs: number,
) {
  const headers: Record<string, string> = {};
  for (let i = 0; i + 1 < sent.headers.length; i += 2) {
    const name = sent.headers[i] ?? "";
    if (name !== "authorization") headers[name] = sent.headers[i + 1] ?? "";
  }
  const url = new URL(`https://${HOST}${sent.path}`);
  const query: Record<string, string[]> = {};
  for (const word of url.search.slice(1).split("&").filter(Boolean)) {
    const [name = "", value = ""] = word.split("=").map(decodeURIComponent);
    query[name] = [...(query[name] ?? []), value];
  }
  const signer = new SignatureV4({
    service: "execute-api",
    region: "eu-west-1",
    credentials: KEYS,
    sha256: Sha256,
    applyChecksum: true,
  });
  const { headers: all } = await signer.sign(
    {
      method: outgoing.method,
      protocol: "https:",
      hostname: HOST,
      path: url.pathname,
      query,
      headers,
      ...(outgoing.body && { body: outgoing.body }),
    },
    {
      signingDate: new Date(nowMs),
      // the library would sign what changes on the way as well
      unsignableHeaders: new Set(Object.keys(headers).filter((name) => UNSIGNED.has(name))),
    },
  );
  return all.authorization;
}
const UNSIGNED = new Set(["accept", "traceparent", "if-none-match", "range"]);

/** A generator that gives the same requests each time. */
function randomOf(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const CHARACTERS = [
  "a",
  "Z",
  "0",
  "-",
  ".",
  "_",
  "~",
  "/",
  " ",
  "+",
  "%",
  "=",
  "&",
  "?",
  "#",
  "*",
  "'",
  "(",
  "!",
  ":",
  "@",
  ",",
  ";",
  "$",
  "é",
  "ሴ",
  "😀",
];

function someRequest(random: (below: number) => number): Outgoing {
  const word = (most: number) =>
    Array.from({ length: random(most) }, () => CHARACTERS[random(CHARACTERS.length)]).join("");
  const segments = Array.from({ length: 1 + random(4) }, () => `x${encodeURIComponent(word(8))}`);
  const words = Array.from({ length: random(5) }, () => {
    const name = ["key", "bucket", "name", "x"][random(4)];
    return `${name}=${encodeURIComponent(word(10)).replaceAll("%2F", "/")}`;
  });
  const headers = ["x-request-id", `r${random(1e9)}`, "accept", "application/json"];
  if (random(2)) headers.push("x-airlock-caller", `alice${random(100)}`);
  if (random(2)) headers.push("x-airlock-client", `2001:db8::${random(100)}`);
  if (random(3) === 0) headers.push("x-airlock-groups", "a,  b");
  const isPost = random(4) === 0;
  if (isPost) headers.push("content-type", "application/json");
  const path = `/prod/${segments.join("/")}${words.length ? `?${words.join("&")}` : ""}`;
  return {
    method: isPost ? "POST" : "GET",
    path,
    headers,
    ...(isPost && { body: `{"names":["${word(9)}"]}` }),
  };
}

async function differences(change: (path: string) => string = (path) => path): Promise<number> {
  const random = randomOf(24);
  const sign = createSigner({
    host: HOST,
    region: "eu-west-1",
    credentials: () => KEYS,
    nowMs: () => NOW,
  });
  let count = 0;
  for (let i = 0; i < 300; i++) {
    const outgoing = someRequest(random);
    const sent = sign({ ...outgoing, path: change(outgoing.path) });
    const own = sent.headers.at(-1);
    const path = sent.path.replace(change(outgoing.path), outgoing.path);
    if (own !== (await oracle({ ...sent, path }, outgoing, NOW))) count++;
  }
  return count;
}

test("300 generated requests: signed as AWS's library signs them", async () => {
  assert.equal(await differences(), 0);
});

test("planted fault: a plus sign that is signed as a blank is found", async () => {
  assert.ok((await differences((path) => path.replaceAll("%2B", "%20"))) > 10);
});

test("the headers to send: ours kept, the signature's in their place, and the signed ones told in the query", () => {
  const sign = createSigner({
    host: HOST,
    region: "eu-west-1",
    credentials: () => KEYS,
    nowMs: () => NOW,
  });
  const { path, headers } = sign({
    method: "GET",
    path: "/prod/parameters/airlock/dev/x?version=3",
    headers: [
      "x-request-id",
      "r1",
      "x-airlock-client",
      "192.0.2.1",
      "accept",
      "text/plain",
      "host",
      "evil.example",
      "authorization",
      "Bearer x",
      "x-airlock-caller",
      "alice",
    ],
  });
  assert.equal(
    path,
    "/prod/parameters/airlock/dev/x?version=3&x-airlock-signed=x-airlock-caller.x-airlock-client",
  );
  const pairs = Array.from({ length: headers.length / 2 }, (_, i) =>
    headers.slice(2 * i, 2 * i + 2),
  );
  const proof = pairs.pop();
  assert.deepEqual(pairs, [
    ["host", HOST],
    ["x-amz-content-sha256", hash("sha256", "")],
    ["x-amz-date", "20261127T235959Z"],
    ["x-amz-security-token", KEYS.sessionToken],
    ["x-request-id", "r1"],
    ["x-airlock-client", "192.0.2.1"],
    ["accept", "text/plain"],
    ["x-airlock-caller", "alice"],
  ]);
  assert.match(
    proof?.join(": ") ?? "",
    /^authorization: AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXECUTION\/20261127\/eu-west-1\/execute-api\/aws4_request, SignedHeaders=host;x-airlock-caller;x-airlock-client;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-request-id, Signature=[0-9a-f]{64}$/,
  );
});

test("a new day and a new session have keys of their own", async () => {
  let nowMs = NOW;
  let keys = KEYS;
  const sign = createSigner({
    host: HOST,
    region: "eu-west-1",
    credentials: () => keys,
    nowMs: () => nowMs,
  });
  const outgoing: Outgoing = { method: "GET", path: "/prod/livez", headers: [] };
  const today = sign(outgoing);
  nowMs += 1000;
  const tomorrow = sign(outgoing);
  assert.equal(tomorrow.headers.at(-1), await oracle(tomorrow, outgoing, nowMs));
  keys = { ...KEYS, secretAccessKey: "EXAMPLE/another/secret/aaaaaaaaaaaaaaaaa" };
  assert.notEqual(sign(outgoing).headers.at(-1), tomorrow.headers.at(-1));
  [keys, nowMs] = [KEYS, NOW];
  assert.deepEqual(sign(outgoing), today);
});
