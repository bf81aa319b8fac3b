/** Requests that no client should send: one calm answer each, never a 5xx, nothing to aux. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Problem } from "@airlock/contract";
import { sendRaw } from "../../../packages/http/test/raw-client.ts";
import { get, json, startGateway, startShared } from "./harness.ts";

const { upstream, gateway } = await startShared(json({ name: "x", value: "y" }), {
  ALLOWED_HOSTS: "localhost,127.0.0.1,*.example.com",
});

const H = "Host: localhost\r\n";
const get11 = (path: string, headers = "") => `GET ${path} HTTP/1.1\r\n${H}${headers}\r\n`;

interface Case {
  readonly name: string;
  readonly bytes: string | Buffer;
  /** Allowed statuses; an empty list means that the connection is closed without a word. */
  readonly statuses: readonly number[];
  readonly upstreamRequests?: number;
  readonly isClosed?: boolean;
}

const CASES: readonly Case[] = [
  {
    name: "B14 Content-Length and Transfer-Encoding",
    bytes: `${get11("/config/a", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")}0\r\n\r\n`,
    statuses: [400],
    isClosed: true,
  },
  {
    name: "B14 the same on POST with a request hidden behind it",
    bytes: `POST /config HTTP/1.1\r\n${H}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n5c\r\nGET /health HTTP/1.1\r\n\r\n0\r\n\r\n`,
    statuses: [400],
    isClosed: true,
  },
  ...[
    "Content-Length: 5\r\nContent-Length: 6\r\n",
    "Content-Length: 5\r\nContent-Length: 5\r\n",
    "Content-Length: +9\r\n",
    "Content-Length: 0x9\r\n",
    "Content-Length: -1\r\n",
    "Content-Length: 5, 5\r\n",
    "Content-Length: 99999999999999999999\r\n",
  ].map((headers) => ({
    name: `B15 ${JSON.stringify(headers)}`,
    bytes: `${get11("/config/a", headers)}hello`,
    statuses: [400],
    isClosed: true,
  })),
  ...[
    "Transfer-Encoding: chunked, identity\r\n",
    "Transfer-Encoding : chunked\r\n",
    "Transfer-Encoding: \x0bchunked\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding: identity\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
  ].map((headers) => ({
    name: `B17 ${JSON.stringify(headers)}`,
    bytes: `${get11("/config/a", headers)}0\r\n\r\n`,
    statuses: [400],
    isClosed: true,
  })),
  { name: "B18 obs-fold", bytes: get11("/config/a", "X-A: b\r\n c\r\n"), statuses: [400] },
  { name: "B18 bare LF", bytes: "GET /config/a HTTP/1.1\nHost: localhost\n\n", statuses: [400] },
  { name: "B18 bare CR", bytes: get11("/config/a", "X-A: b\rX-B: c\r\n"), statuses: [400] },
  { name: "B18 NUL in a header", bytes: get11("/config/a", "X-A: b\0c\r\n"), statuses: [400] },
  { name: "B18 a space in the path", bytes: get11("/config/a b"), statuses: [400] },
  { name: "B18 a tab before HTTP", bytes: `GET /config/a\tHTTP/1.1\r\n${H}\r\n`, statuses: [400] },
  {
    name: "B20 chunk size of 17 digits",
    bytes: `${get11("/config/a", "Transfer-Encoding: chunked\r\n")}11111111111111111\r\n`,
    statuses: [400],
  },
  {
    name: "B20 chunks that end in LF",
    bytes: `${get11("/config/a", "Transfer-Encoding: chunked\r\n")}1\na\n0\n\n`,
    statuses: [400],
  },
  { name: "B21 no Host", bytes: "GET /health HTTP/1.1\r\n\r\n", statuses: [400] },
  { name: "B21 no Host at a probe", bytes: "GET /livez HTTP/1.1\r\n\r\n", statuses: [400] },
  { name: "B22 two Hosts", bytes: get11("/health", "Host: example.com\r\n"), statuses: [400] },
  { name: "B22 the same Host twice", bytes: get11("/health", H), statuses: [400] },
  ...["a/b@c", "", "localhost:x", "local host", "user@localhost", "[::1", "localhost,evil"].map(
    (host) => ({
      name: `B23 Host: ${host}`,
      bytes: `GET /config/a HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
      statuses: [400],
    }),
  ),
  ...["169.254.169.254", "evil.test", "example.com.evil.test", "notexample.com"].map((host) => ({
    name: `B23 Host: ${host}`,
    bytes: `GET /config/a HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    statuses: [421],
  })),
  {
    name: "B26 CONNECT",
    bytes: "CONNECT host:80 HTTP/1.1\r\nHost: host:80\r\n\r\n",
    statuses: [405],
  },
  { name: "B26 TRACE", bytes: `TRACE /config HTTP/1.1\r\n${H}\r\n`, statuses: [405] },
  { name: "B26 OPTIONS *", bytes: `OPTIONS * HTTP/1.1\r\n${H}\r\n`, statuses: [404, 405] },
  { name: "B26 FOO", bytes: `FOO /config HTTP/1.1\r\n${H}\r\n`, statuses: [400] },
  { name: "B26 PROPFIND", bytes: `PROPFIND /config HTTP/1.1\r\n${H}\r\n`, statuses: [405] },
  { name: "B27 no version", bytes: "GET /health\r\n\r\n", statuses: [400] },
  { name: "B27 HTTP/9.9", bytes: `GET /health HTTP/9.9\r\n${H}\r\n`, statuses: [400] },
  { name: "B27 HTTP/2 preface", bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", statuses: [400] },
  {
    name: "B27 a TLS hello",
    bytes: Buffer.from("16030100c8010000c40303", "hex"),
    statuses: [400],
  },
  { name: "B32 Expect: 200-ok", bytes: get11("/config/a", "Expect: 200-ok\r\n"), statuses: [417] },
  {
    name: "B40 50 KB of a/ and a !",
    bytes: get11(`/config/${"a/".repeat(25_000)}!`),
    statuses: [400, 414, 431],
  },
  {
    name: "B40 a long Accept",
    bytes: get11("/config/a", `Accept: ${"a/b,".repeat(5000)}\r\n`),
    statuses: [431],
  },
  {
    name: "101 header fields",
    bytes: get11("/config/a", Array.from({ length: 101 }, (_, i) => `X-${i}: y\r\n`).join("")),
    statuses: [431],
  },
  {
    name: "an absolute target of another host: Host does not count beside it (RFC 9112 §3.2.2)",
    bytes: get11("http://169.254.169.254/latest/meta-data"),
    statuses: [421],
  },
  { name: "an absolute https target", bytes: get11("ftp://localhost/config"), statuses: [400] },
  {
    name: "a body larger than 64 KiB, declared",
    bytes: `POST /config HTTP/1.1\r\n${H}Content-Length: 1000000\r\n\r\n`,
    statuses: [413],
    isClosed: true,
  },
  {
    name: "a body larger than 64 KiB, in chunks",
    bytes: `POST /config HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n${`4000\r\n${"x".repeat(0x4000)}\r\n`.repeat(6)}`,
    statuses: [413],
    isClosed: true,
  },
  {
    name: "a bad Host and a chunked body that is malformed",
    bytes: "POST /config HTTP/1.1\r\nHost: a/b\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    statuses: [400],
    isClosed: true,
  },
  {
    name: "a path that cannot be decoded, and a malformed body",
    bytes: `POST /config/%zz HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    statuses: [400],
    isClosed: true,
  },
  {
    name: "too large a body, and a malformed chunk behind",
    bytes: `POST /config HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n${`4000\r\n${"x".repeat(0x4000)}\r\n`.repeat(5)}zz\r\n`,
    statuses: [400, 413],
    isClosed: true,
  },
  {
    name: "POST with a body to a GET path",
    bytes: `POST /config HTTP/1.1\r\n${H}Content-Type: a/b\r\nContent-Length: 5\r\n\r\nhello`,
    statuses: [405],
  },
];

for (const { name, bytes, statuses, upstreamRequests = 0, isClosed } of CASES) {
  test(name, async () => {
    const before = upstream.requests.length;
    const { responses, rest, wasClosed } = await sendRaw(gateway.port, bytes);
    const shown = JSON.stringify({ responses, rest }).slice(0, 600);
    assert.equal(rest, "", shown);
    if (statuses.length > 0) assert.equal(responses.length, 1, shown);
    for (const { status, body, headers } of responses) {
      assert.ok(statuses.includes(status), shown);
      assert.equal(Problem.parse(JSON.parse(body)).status, status);
      assert.match(headers["content-type"] ?? "", /^application\/problem\+json/);
      assert.doesNotMatch(body, /node:|\.ts:|arn:/);
    }
    if (isClosed) assert.ok(wasClosed, "the connection is closed");
    assert.equal(upstream.requests.length - before, upstreamRequests);
    assert.equal((await get(gateway.url, "/livez")).status, 200);
  });
}

interface ServedCase {
  readonly name: string;
  readonly bytes: string;
  readonly upstreamRequests: number;
}

const SERVED: readonly ServedCase[] = [
  { name: "HTTP/1.0 without Host", bytes: "GET /health HTTP/1.0\r\n\r\n", upstreamRequests: 0 },
  {
    name: "a subdomain of an allowed suffix",
    bytes: "GET /config HTTP/1.1\r\nHost: a.example.com:80\r\n\r\n",
    upstreamRequests: 1,
  },
  {
    name: "any Host at a probe",
    bytes: "GET /readyz HTTP/1.1\r\nHost: 10.0.0.7:8080\r\n\r\n",
    upstreamRequests: 0,
  },
  {
    name: "an absolute target of the Host's own",
    bytes: get11("http://localhost/config/a"),
    upstreamRequests: 1,
  },
  {
    name: "B32 Upgrade: h2c",
    bytes: get11(
      "/config/a",
      "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n",
    ),
    upstreamRequests: 1,
  },
  {
    name: "B32 Upgrade: websocket",
    bytes: get11("/config/a", "Connection: Upgrade\r\nUpgrade: websocket\r\n"),
    upstreamRequests: 1,
  },
  {
    name: "B32 Expect: 100-continue",
    bytes: get11("/config/a", "Expect: 100-continue\r\n"),
    upstreamRequests: 1,
  },
  {
    name: "B32 Expect: 100-continue with a body",
    bytes: `${get11("/config/a", "Expect: 100-continue\r\nContent-Length: 2\r\n")}hi`,
    upstreamRequests: 1,
  },
  {
    name: "B39 a __proto__ header",
    bytes: get11("/config/a", "__proto__: x\r\nconstructor: y\r\n"),
    upstreamRequests: 1,
  },
  {
    name: "a GET with a body",
    bytes: `${get11("/config/a", "Content-Length: 5\r\n")}hello`,
    upstreamRequests: 1,
  },
  { name: "B13 __proto__ as a name", bytes: get11("/config/__proto__"), upstreamRequests: 1 },
];

for (const { name, bytes, upstreamRequests } of SERVED) {
  test(`${name} is served, once`, async () => {
    const before = upstream.requests.length;
    const { responses, rest } = await sendRaw(gateway.port, bytes);
    assert.equal(rest, "");
    assert.deepEqual(
      responses.map(({ status }) => status),
      [200],
    );
    assert.equal(upstream.requests.length - before, upstreamRequests);
  });
}

test("B31 what Connection names is not sent on, and our own headers are", async () => {
  const before = upstream.requests.length;
  const { responses } = await sendRaw(
    gateway.port,
    get11("/config/a", "Connection: x-request-id, traceparent, x-secret\r\nX-Secret: s\r\n"),
  );
  assert.equal(responses[0]?.status, 200);
  const { headers } = upstream.requests[before] ?? assert.fail("no request upstream");
  assert.equal(headers["x-secret"], undefined);
  assert.match(String(headers["x-request-id"]), /^[0-9a-f-]{36}$/);
  assert.match(String(headers.traceparent), /^00-/);
});

test("B24, B33 forwarded headers of a peer that is not trusted change nothing", async () => {
  const { responses } = await sendRaw(
    gateway.port,
    get11(
      "/config/a",
      "X-Forwarded-Host: evil.test\r\nX-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nX-Request-Id: b33\r\n",
    ),
  );
  assert.equal(responses[0]?.status, 200);
  assert.ok(!JSON.stringify(responses).includes("evil.test"));
  const line = gateway.lines.find(({ request_id: id, msg }) => id === "b33" && msg === "request");
  assert.equal(line?.peer, "127.0.0.1");
});

test("B37 every answer has the security headers, and names no server", async () => {
  for (const path of ["/", "/config", "/nothing", "/config/%zz", "/livez"]) {
    const { headers } = await get(gateway.url, path);
    assert.equal(headers["x-content-type-options"], "nosniff", path);
    assert.equal(headers["cache-control"], "no-store", path);
    assert.match(String(headers["content-security-policy"]), /default-src 'none'/, path);
    assert.equal(headers.server, undefined);
    assert.equal(headers["x-powered-by"], undefined);
  }
});

test("B36 a path in the log is one JSON string, without its query", async () => {
  await sendRaw(gateway.port, get11("/config/a%0d%0aX?token=CANARY", "X-Request-Id: b36\r\n"));
  const line = gateway.lines.find(({ request_id: id, msg }) => id === "b36" && msg === "request");
  assert.equal(line?.path, "/config/a%0d%0aX");
  assert.ok(!JSON.stringify(gateway.lines).includes("CANARY"));
});

test("B38 docs are not there in prod", async (t) => {
  const choices = { GATEWAY_AUTH: "none", LAYER_AUTH: "none" };
  const prod = await startGateway(t, upstream.url, { ENVIRONMENT: "prod", ...choices });
  for (const path of [
    "/docs",
    "/docs/",
    "/docs/json",
    "/openapi.json",
    "/docs/static/../package.json",
  ]) {
    assert.equal((await get(prod.url, path)).status, 404, path);
  }
});

test("HEAD with an expectation is 417 without a body", async () => {
  const { rest, responses } = await sendRaw(
    gateway.port,
    `HEAD / HTTP/1.1\r\n${H}Expect: y\r\n\r\n`,
  );
  assert.deepEqual(
    [responses.map(({ status }) => status), responses[0]?.body, rest],
    [[417], "", ""],
  );
});

test("two requests in one write get two answers, in order", async () => {
  const { responses } = await sendRaw(gateway.port, get11("/version") + get11("/nothing"));
  assert.deepEqual(
    responses.map(({ status }) => status),
    [200, 404],
  );
});

test("a request with garbage behind it gets its answer, and the connection is closed", async () => {
  const { responses, wasClosed } = await sendRaw(
    gateway.port,
    `${get11("/version")}\x01\x02\r\n\r\n`,
  );
  assert.ok(responses.length <= 2 && wasClosed, JSON.stringify(responses));
  assert.ok(responses.every(({ status }) => status === 200 || status === 400));
});

// at once, for each lasts as long as its time limit
describe("what never ends", { concurrency: true }, () => {
  test("B45 headers that never end are 408 in time", async () => {
    const { responses, elapsedMs } = await sendRaw(
      gateway.port,
      "GET /config HTTP/1.1\r\nHost: loc",
    );
    assert.deepEqual(
      responses.map(({ status }) => status),
      [408],
    );
    assert.ok(elapsedMs < 5 * 6000, `${elapsedMs} ms`);
  });

  for (const [name, bytes] of [
    ["GET", get11("/config/a", "Content-Length: 10\r\n")],
    ["POST", `POST /config HTTP/1.1\r\n${H}Content-Length: 10\r\n\r\nabc`],
    ["a bad Host", "POST /config HTTP/1.1\r\nHost: a/b\r\nContent-Length: 5\r\n\r\n"],
    ["chunked", `${get11("/config/a", "Transfer-Encoding: chunked\r\n")}1\r\na\r\n`],
  ] as const) {
    test(`B46 a body that never ends (${name}) is 408 in time, and only that`, async () => {
      const before = upstream.requests.length;
      const { responses, elapsedMs } = await sendRaw(gateway.port, bytes, 1500, 30_000);
      assert.deepEqual(
        responses.map(({ status }) => status),
        [408],
      );
      assert.ok(elapsedMs < 5 * 10_000, `${elapsedMs} ms`);
      assert.equal(upstream.requests.length, before);
    });
  }
});
