/** A dying, hung or broken upstream: what the client gets, how soon, and what is retried. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { Problem } from "@airlock/contract";
import {
  gate,
  get,
  json,
  type Reply,
  type Script,
  startGateway,
  startUpstream,
  until,
} from "./harness.ts";

const JSON_TYPE = { "content-type": "application/json" };
const codeOf = (reply: Reply) => Problem.parse(JSON.parse(reply.body)).code;

test("nobody listens: 503 with Retry-After, then the breaker answers without asking", async (t) => {
  const upstream = await startUpstream(t, json({}));
  await upstream.close();
  const gateway = await startGateway(t, upstream.url);
  for (let i = 0; i < 5; i++) {
    const reply = await get(gateway.url, "/config/a");
    assert.equal(reply.status, 503, reply.body);
    assert.equal(codeOf(reply), "upstream_unavailable");
    assert.ok(reply.headers["retry-after"]);
  }
  assert.equal(await gateway.metric("airlock_upstream_breaker_open"), 1);
  const startedAt = performance.now();
  await get(gateway.url, "/config/a");
  assert.ok(performance.now() - startedAt < 5 * 20);
});

test("the breaker closes by itself when the upstream is back", async (t) => {
  const first = await startUpstream(t, json({}));
  const { port } = first;
  const gateway = await startGateway(t, first.url);
  await first.close();
  for (let i = 0; i < 4; i++) await get(gateway.url, "/config/a");
  assert.equal(await gateway.metric("airlock_upstream_breaker_open"), 1);
  await startUpstream(t, json({ back: true }), port);
  await until(async () => (await get(gateway.url, "/config/a")).status === 200);
});

test("answers never open the breaker, whatever their status", async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(500, { "content-type": "text/plain" }).end("broken");
  });
  const gateway = await startGateway(t, upstream.url);
  for (let i = 0; i < 30; i++) {
    assert.equal((await get(gateway.url, `/config/a${i}`)).status, 502);
  }
  assert.equal(upstream.requests.length, 30);
  assert.equal(await gateway.metric("airlock_upstream_breaker_open"), 0);
});

test("hung: 504 within three seconds and not retried; ten of them open the breaker", async (t) => {
  const upstream = await startUpstream(t, () => {});
  const gateway = await startGateway(t, upstream.url);
  const startedAt = performance.now();
  const replies = await Promise.all(
    Array.from({ length: 12 }, (_, i) => get(gateway.url, `/config/a${i}`)),
  );
  const elapsed = performance.now() - startedAt;
  assert.ok(
    replies.every((reply) => reply.status === 504 && codeOf(reply) === "upstream_timeout"),
    replies.map(({ status }) => status).join(),
  );
  assert.ok(elapsed > 2000 && elapsed < 5 * 3000, `${elapsed} ms`);
  assert.equal(upstream.requests.length, 12);
  assert.equal((await get(gateway.url, "/config/b")).status, 503);
  assert.equal(upstream.requests.length, 12);
  assert.equal((await get(gateway.url, "/livez")).status, 200);
  upstream.script = json({});
  await until(async () => (await get(gateway.url, "/config/b")).status === 200);
});

for (const [name, script] of [
  ["that hangs", () => {}],
  ["that is reset", (request) => request.socket.resetAndDestroy()],
  ["that gets nonsense", (request) => request.socket.end("\x16\x03\x01 no HTTP\r\n\r\n")],
] as readonly (readonly [string, Script])[]) {
  test(`thirty readers of one call ${name} are one call for the breaker`, async (t) => {
    const held = gate();
    const upstream = await startUpstream(t, (request, response) => {
      if (request.url === "/parameters/other") json({})(request, response);
      else void held.passed.then(() => script(request, response));
    });
    const gateway = await startGateway(t, upstream.url);
    const calls = Array.from({ length: 30 }, () => get(gateway.url, "/config/same"));
    await until(
      async () => (await gateway.metric("airlock_upstream_shared_requests_total")) === 29,
    );
    held.open();
    assert.ok((await Promise.all(calls)).every(({ status }) => status >= 502));
    assert.equal(await gateway.metric("airlock_upstream_breaker_open"), 0);
    assert.equal((await get(gateway.url, "/config/other")).status, 200);
  });
}

test("nine calls that hang, each for twelve readers, do not open the breaker; the tenth does", async (t) => {
  const upstream = await startUpstream(t, () => {});
  const gateway = await startGateway(t, upstream.url);
  const readers = (key: number) =>
    Array.from({ length: 12 }, () => get(gateway.url, `/config/hangs${key}`));
  await Promise.all(Array.from({ length: 9 }, (_, key) => readers(key)).flat());
  assert.equal(await gateway.metric("airlock_upstream_breaker_open"), 0);
  await Promise.all(readers(9));
  assert.equal(upstream.requests.length, 10);
  assert.equal(await gateway.metric("airlock_upstream_breaker_open"), 1);
});

test("a call whose readers all leave says nothing of the upstream", async (t) => {
  const upstream = await startUpstream(t, () => {});
  const gateway = await startGateway(t, upstream.url);
  const controller = new AbortController();
  for (let i = 0; i < 15; i++) {
    fetch(`${gateway.url}/config/a${i}`, { signal: controller.signal }).catch(() => {});
  }
  await until(() => upstream.requests.length === 15);
  controller.abort();
  await until(() => upstream.sockets.size === 0);
  assert.equal(await gateway.metric("airlock_upstream_breaker_open"), 0);
});

test("a connection reset before the first byte is retried once", async (t) => {
  const upstream = await startUpstream(t, (request) => request.socket.resetAndDestroy());
  const gateway = await startGateway(t, upstream.url);
  const answer = json({ ok: true });
  upstream.script = (request, response) => {
    if (upstream.requests.length === 1) request.socket.resetAndDestroy();
    else answer(request, response);
  };
  assert.equal((await get(gateway.url, "/config/a")).status, 200);
  assert.equal(upstream.requests.length, 2);
  upstream.script = (request) => request.socket.resetAndDestroy();
  const reply = await get(gateway.url, "/config/a");
  assert.equal(reply.status, 502);
  assert.equal(upstream.requests.length, 4);
});

test("retries stay within a tenth of the requests", async (t) => {
  const upstream = await startUpstream(t, (request) => request.socket.resetAndDestroy());
  const gateway = await startGateway(t, upstream.url);
  const answer = json({});
  let turn = 0;
  upstream.script = (request, response) => {
    if (++turn % 2 === 0) request.socket.resetAndDestroy();
    else answer(request, response);
  };
  for (let i = 0; i < 300; i++) await get(gateway.url, `/config/a${i}`);
  const retries = await gateway.metric("airlock_upstream_retries_total");
  assert.ok(retries >= 10 && retries <= 10 + 300 * 0.1 + 1, `${retries} retries`);
});

test("an answer that breaks off in its middle is not retried", async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(200, { ...JSON_TYPE, "content-length": "100" });
    response.write("half");
    setTimeout(() => response.destroy(), 20);
  });
  const gateway = await startGateway(t, upstream.url);
  const reply = await get(gateway.url, "/config/a");
  assert.equal(reply.status, 502);
  assert.equal(codeOf(reply), "upstream_protocol_error");
  assert.equal(upstream.requests.length, 1);
});

test("a large answer that breaks off in its middle ends the client's connection", async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(200, { ...JSON_TYPE, "content-length": "3000000" });
    response.write("x".repeat(2_000_000));
    setTimeout(() => response.destroy(), 50);
  });
  const gateway = await startGateway(t, upstream.url);
  await assert.rejects(get(gateway.url, "/config"), /aborted|hang up|ECONNRESET/);
});

const OK = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

for (const [name, bytes] of [
  ["an answer that ends with its connection", `${OK}connection: close\r\n\r\n{"name":"a"`],
  ["one like that in HTTP/1.0", 'HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{"na'],
  [
    "another coding than chunked",
    `${OK}transfer-encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`,
  ],
  ["garbage", "\x16\x03\x01 this is no HTTP\r\n\r\n"],
  ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"],
  ["headers without end", `HTTP/1.1 200 OK\r\nx: ${"y".repeat(100_000)}`],
] as const) {
  test(`an upstream that sends ${name} is 502`, async (t) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end(bytes));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const { port } = server.address() as { port: number };
    const gateway = await startGateway(t, `http://127.0.0.1:${port}`);
    for (const path of ["/config/a", "/config", "/storage/my-bucket/key"]) {
      const reply = await get(gateway.url, path);
      assert.equal(reply.status, 502, reply.body);
    }
  });
}

test("more requests than connections: the overflow is refused at once, and the breaker stays closed", async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    setTimeout(() => json({})(request, response), 800);
  });
  const gateway = await startGateway(t, upstream.url, { TRUST_PROXY: "127.0.0.0/8" });
  const replies = await Promise.all(
    Array.from({ length: 700 }, (_, i) =>
      get(gateway.url, `/config/a${i}`, { "x-forwarded-for": `192.0.2.${i % 10}` }),
    ),
  );
  const count = (status: number) => replies.filter((reply) => reply.status === status).length;
  assert.equal(count(200) + count(503), 700, replies.map(({ status }) => status).join());
  assert.ok(count(200) >= 128, `${count(200)} answered`);
  const refused = replies.filter(({ status }) => status === 503);
  assert.ok(refused.length > 0 && refused.every((reply) => codeOf(reply) === "overloaded"));
  assert.ok(refused.every(({ headers }) => headers["retry-after"]));
  assert.equal(await gateway.metric("airlock_upstream_breaker_open"), 0);
  assert.ok(upstream.requests.length < 700, "not all were sent");
  assert.equal((await get(gateway.url, "/config/next")).status, 200);
});

test("when the client leaves, the call upstream ends", async (t) => {
  const upstream = await startUpstream(t, () => {});
  const gateway = await startGateway(t, upstream.url);
  const controller = new AbortController();
  const call = fetch(`${gateway.url}/config/a`, { signal: controller.signal });
  call.catch(() => {});
  await until(() => upstream.requests.length === 1);
  controller.abort();
  await until(() => upstream.sockets.size === 0);
  await until(() => gateway.lines.some(({ status }) => status === 499));
});

test("200 clients leave in the middle of 60 KB and of 1.5 MB: the next request is answered", async (t) => {
  for (const size of [60_000, 1_500_000]) {
    const upstream = await startUpstream(t, (_request, response) => {
      response.writeHead(200, { ...JSON_TYPE, "content-length": String(size) });
      response.write("x".repeat(size / 2));
      setTimeout(() => response.end("x".repeat(size / 2)), 300);
    });
    const gateway = await startGateway(t, upstream.url);
    await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const controller = new AbortController();
        setTimeout(() => controller.abort(), 50 + (i % 50));
        await fetch(`${gateway.url}/config/a${i}`, { signal: controller.signal })
          .then((response) => response.text())
          .catch(() => {});
      }),
    );
    upstream.script = json({ ok: true });
    const startedAt = performance.now();
    assert.equal((await get(gateway.url, "/config/next")).status, 200);
    assert.ok(performance.now() - startedAt < 5 * 1000);
    await until(async () => (await gateway.metric("airlock_http_requests_in_flight")) === 0);
  }
});
