/** What passes the gateway, in both directions, and what does not. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { Problem } from "@airlock/contract";
import { get, json, startGateway, startUpstream, until } from "./harness.ts";

const ARN = "arn:aws:ssm:eu-west-1:444455556666:parameter/a/b";

for (const [path, upstreamPath] of [
  ["/storage", "/s3/buckets"],
  ["/config", "/parameters"],
  ["/config/my-parameter", "/parameters/my-parameter"],
  ["/config//my-parameter", "/parameters/my-parameter"],
  ["/config/a/b", "/parameters/a/b"],
  ["/config//a/b", "/parameters/a/b"],
  ["/config/%2Fa%2Fb", "/parameters/a/b"],
  ["/config//evil.example.com/x", "/parameters/evil.example.com/x"],
  ["/config/a/b?", "/parameters/a/b"],
  [`/config/${ARN}`, `/parameters/${ARN}`],
  [`/config/${encodeURIComponent(ARN)}`, `/parameters/${ARN}`],
  ["/config?path=/a/b/", "/parameters?path=/a/b"],
  ["/config?prefix=a/b", "/parameters?prefix=a/b"],
  ["/config/a?label=AWSPREVIOUS", "/parameters/a?label=AWSPREVIOUS"],
  ["/config?limit=1", "/parameters?limit=1"],
] as const) {
  test(`${path} is ${upstreamPath} at aux`, async (t) => {
    const upstream = await startUpstream(t, json({ ok: true }));
    const gateway = await startGateway(t, upstream.url);
    const reply = await get(gateway.url, path);
    assert.equal(reply.status, 200, reply.body);
    assert.deepEqual(
      upstream.requests.map(({ url }) => url),
      [upstreamPath],
    );
  });
}

test("a path in AUX_SERVICE_URL is put before every path", async (t) => {
  const upstream = await startUpstream(t, json({}));
  const gateway = await startGateway(t, `${upstream.url}/stage/`);
  await get(gateway.url, "/config");
  assert.equal(upstream.requests[0]?.url, "/stage/parameters");
});

for (const raw of [
  "",
  "/",
  "//a",
  "a//b",
  "a/",
  ".",
  "%2e",
  "%2e%2e/s3",
  "../health",
  "..%2f..%2fs3%2fbuckets",
  ".%2e",
  "a/./b",
  "%252Fa",
  "%00",
  "a%00b",
  "a%0d%0aX:1",
  "a%3Fb",
  "a%23b",
  "%20",
  "x:3",
  "a;b",
  "a\\b",
  "arn:aws:ssm:eu-west-1:444455556666:parameter/a:3",
  "arn:aws:ssm:eu-west-1:444455556666:parameter//a",
  "/arn:aws:ssm:eu-west-1:444455556666:parameter/a",
  "a".repeat(1012),
  Array.from({ length: 16 }, () => "l").join("/"),
]) {
  test(`/config/${raw.slice(0, 40)} is 400 before a byte goes upstream`, async (t) => {
    const upstream = await startUpstream(t, json({}));
    const gateway = await startGateway(t, upstream.url);
    const reply = await get(gateway.url, `/config/${raw}`);
    assert.equal(reply.status, 400, reply.body);
    assert.equal(Problem.parse(JSON.parse(reply.body)).code, "invalid_parameter_name");
    assert.equal(upstream.requests.length, 0);
  });
}

for (const [raw, status] of [
  ["%", 400],
  ["%zz", 400],
  ["%c0%af", 400],
  ["%ff", 400],
  ["a".repeat(2049), 414],
  ["a".repeat(20_000), 414],
  ["a".repeat(40_000), 414],
] as const) {
  test(`/config/${raw.slice(0, 20)} is ${status} and its body does not repeat it`, async (t) => {
    const upstream = await startUpstream(t, json({}));
    const gateway = await startGateway(t, upstream.url);
    const reply = await get(gateway.url, `/config/${raw}`);
    assert.equal(reply.status, status, reply.body);
    assert.equal(Problem.parse(JSON.parse(reply.body)).status, status);
    assert.ok(!reply.body.includes(raw));
    assert.equal(upstream.requests.length, 0);
  });
}

test("of the client's headers only the allowed ones reach aux, with id and trace", async (t) => {
  const upstream = await startUpstream(t, json({}));
  const gateway = await startGateway(t, upstream.url);
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await get(gateway.url, "/config", {
    accept: "application/json",
    "cache-control": "no-cache",
    "x-request-id": "client-id-1",
    traceparent,
    tracestate: "vendor=1",
    authorization: "Bearer secret",
    cookie: "a=b",
    "x-forwarded-for": "6.6.6.6",
    "x-forwarded-host": "evil.example.com",
    "x-airlock-caller": "root",
    "accept-encoding": "gzip",
    connection: "x-secret, keep-alive",
    "x-secret": "s",
    te: "trailers",
    "user-agent": "curl",
  });
  const { host, connection, ...headers } = upstream.requests[0]?.headers ?? {};
  assert.deepEqual(headers, {
    accept: "application/json",
    "cache-control": "no-cache",
    "x-request-id": "client-id-1",
    traceparent,
    tracestate: "vendor=1",
  });
  assert.equal(host, new URL(upstream.url).host);
  assert.equal(connection, "keep-alive");
});

test("of aux's headers only the allowed ones reach the client", async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(200, {
      "content-type": "application/json",
      etag: '"1"',
      "set-cookie": "a=b",
      "x-amz-request-id": "AMZ",
      server: "aux",
      "x-powered-by": "x",
      "x-internal": "1",
      connection: "x-internal, keep-alive",
      "access-control-allow-origin": "*",
    });
    response.end("{}");
  });
  const gateway = await startGateway(t, upstream.url);
  const { headers } = await get(gateway.url, "/config");
  for (const name of [
    "set-cookie",
    "x-amz-request-id",
    "server",
    "x-powered-by",
    "x-internal",
    "access-control-allow-origin",
  ]) {
    assert.equal(headers[name], undefined, name);
  }
  assert.equal(headers.etag, '"1"');
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers["cache-control"], "no-store");
  assert.match(String(headers["x-request-id"]), /^[0-9a-f-]{36}$/);
});

test("bodies pass byte by byte: empty, small, 64 KiB, 5 MiB with and without a length", async (t) => {
  let body = "";
  let declare = true;
  const upstream = await startUpstream(t, (_request, response) => {
    if (declare) response.setHeader("content-length", Buffer.byteLength(body));
    response.setHeader("content-type", "application/json");
    response.write(body.slice(0, body.length / 2));
    response.end(body.slice(body.length / 2));
  });
  const gateway = await startGateway(t, upstream.url);
  for (const size of [0, 1, 1000, 65_535, 65_536, 65_537, 1_048_577, 5_000_000]) {
    for (declare of [true, false]) {
      body = `é${"x".repeat(size)}`;
      const reply = await get(gateway.url, "/config");
      assert.equal(reply.status, 200);
      assert.ok(reply.body === body, `${size} bytes, length ${declare ? "" : "not "}declared`);
    }
  }
});

test("HEAD answers with the length of GET's body and none of it", async (t) => {
  const upstream = await startUpstream(t, json({ name: "a", value: "b" }));
  const gateway = await startGateway(t, upstream.url);
  const head = await fetch(`${gateway.url}/config/a`, { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.equal(head.headers.get("content-length"), "24");
  assert.equal(await head.text(), "");
});

test("HEAD answered with 304 tells no length: it would be that of GET's body", async (t) => {
  const upstream = await startUpstream(
    t,
    (_request, response) => void response.writeHead(304).end(),
  );
  const gateway = await startGateway(t, upstream.url);
  for (const path of ["/config/a", "/config", "/storage/my-bucket", "/storage/my-bucket/a"]) {
    const headers = { "if-none-match": '"e"' };
    const head = await fetch(gateway.url + path, { method: "HEAD", headers });
    assert.deepEqual([head.status, head.headers.get("content-length")], [304, null], path);
  }
});

test("aux's problem is passed on with the reader's own id", async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(404, { "content-type": "application/problem+json; charset=utf-8" });
    response.end(
      JSON.stringify({
        type: "urn:airlock:problem:parameter_not_found",
        title: "Parameter not found",
        status: 404,
        detail: "There is no parameter of this name.",
        instance: "urn:request:other",
        code: "parameter_not_found",
        request_id: "other",
      }),
    );
  });
  const gateway = await startGateway(t, upstream.url);
  const reply = await get(gateway.url, "/config/none", { "x-request-id": "mine" });
  assert.equal(reply.status, 404);
  assert.deepEqual(JSON.parse(reply.body), {
    type: "urn:airlock:problem:parameter_not_found",
    title: "Parameter not found",
    status: 404,
    detail: "There is no parameter of this name.",
    instance: "urn:request:mine",
    code: "parameter_not_found",
    request_id: "mine",
  });
});

for (const [name, status, headers, body, expected] of [
  ["an HTML error page", 500, { "content-type": "text/html" }, "<h1>arn:aws:iam::1</h1>", 502],
  ["a mesh's 503", 503, { "content-type": "text/plain" }, "no healthy upstream", 503],
  ["a problem that is none", 400, { "content-type": "application/problem+json" }, "{", 400],
  ["a huge error", 400, { "content-type": "application/problem+json" }, "x".repeat(2e6), 400],
] as const) {
  test(`${name} from aux is ${expected}, without its text`, async (t) => {
    const upstream = await startUpstream(t, (_request, response) => {
      response.writeHead(status, headers).end(body);
    });
    const gateway = await startGateway(t, upstream.url);
    const reply = await get(gateway.url, "/config/a");
    assert.equal(reply.status, expected, reply.body.slice(0, 200));
    assert.equal(reply.headers.location, undefined);
    assert.doesNotMatch(reply.body, /arn:|healthy upstream|<h1>/);
    Problem.parse(JSON.parse(reply.body));
  });
}

test("probes and about pages ask aux nothing", async (t) => {
  const upstream = await startUpstream(t, json({}));
  const gateway = await startGateway(t, upstream.url);
  for (const path of ["/", "/health", "/livez", "/readyz", "/version", "/openapi.json", "/docs"]) {
    assert.equal((await get(gateway.url, path)).status, 200, path);
  }
  assert.equal(upstream.requests.length, 0);
});

test("readiness does not depend on aux", async (t) => {
  const upstream = await startUpstream(t, json({}));
  await upstream.close();
  const gateway = await startGateway(t, upstream.url);
  assert.equal((await get(gateway.url, "/readyz")).status, 200);
  assert.equal((await get(gateway.url, "/config")).status, 503);
});

/** Connects, asks and resets, while the thread that would accept it does nothing. */
const GONE = `
  const { connect } = require("node:net");
  const { workerData } = require("node:worker_threads");
  const { port, done, bytes } = workerData;
  const socket = connect(port, "127.0.0.1", () => socket.write(bytes, () => {
    socket.resetAndDestroy();
    setTimeout(() => { Atomics.store(done, 0, 1); Atomics.notify(done, 0); }, 20);
  }));
`;

for (const [what, env, forwarded] of [
  ["what a proxy said of it stands in its line", { TRUST_PROXY: "10.0.0.0/8" }, "192.0.2.7"],
  ["without proxies nothing said is repeated", {}, undefined],
] as const) {
  test(`a client that was gone before it was accepted is nobody; ${what}`, async (t) => {
    const upstream = await startUpstream(t, json({}));
    const gateway = await startGateway(t, upstream.url, env);
    const bytes = "GET /version HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n";
    const done = new Int32Array(new SharedArrayBuffer(4));
    const workerData = { port: gateway.port, done, bytes };
    const worker = new Worker(GONE, { eval: true, workerData });
    Atomics.wait(done, 0, 0, 20_000);
    await once(worker, "exit");
    const line = () => gateway.lines.find(({ msg }) => msg === "request");
    await until(() => line() !== undefined);
    const { peer, forwarded_for } = line() ?? {};
    assert.deepEqual([peer, forwarded_for], ["unknown", forwarded]);
  });
}
