/** Equal requests that overlap share one call; each reader is still its own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { after, gate, get, json, startGateway, startUpstream, until } from "./harness.ts";

test("500 concurrent reads of one parameter cost few calls, and all get the answer", async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    setTimeout(() => json({ name: "a", value: "b" })(request, response), 50);
  });
  const gateway = await startGateway(t, upstream.url);
  const replies = await Promise.all(
    Array.from({ length: 500 }, () => get(gateway.url, "/config/a")),
  );
  assert.ok(replies.every(({ status, body }) => status === 200 && body.includes('"value":"b"')));
  t.diagnostic(`${upstream.requests.length} calls for 500 requests`);
  assert.ok(upstream.requests.length <= 5 * 5, `${upstream.requests.length} calls`);
  assert.equal(new Set(replies.map(({ headers }) => headers["x-request-id"])).size, 500);
});

test("the reader who began may leave: the other is answered", async (t) => {
  const held = gate();
  const upstream = await startUpstream(t, after(held, json({ ok: true })));
  const gateway = await startGateway(t, upstream.url);
  const controller = new AbortController();
  const headers = { accept: "application/json" };
  const first = fetch(`${gateway.url}/config/a`, { headers, signal: controller.signal });
  first.catch(() => {});
  await until(() => upstream.requests.length === 1);
  const second = get(gateway.url, "/config/a", { ...headers, "x-request-id": "second" });
  await until(async () => (await gateway.metric("airlock_upstream_shared_requests_total")) === 1);
  controller.abort();
  await until(() => gateway.lines.some(({ status }) => status === 499));
  held.open();
  assert.equal((await second).status, 200);
  assert.equal(upstream.requests.length, 1);
  const line = gateway.lines.find((l) => l.request_id === "second" && l.msg === "request");
  assert.equal(line?.upstream_request_id, upstream.requests[0]?.headers["x-request-id"]);
});

test("when the last reader leaves, the call ends and nothing is kept", async (t) => {
  const upstream = await startUpstream(t, () => {});
  const gateway = await startGateway(t, upstream.url);
  const controllers = [new AbortController(), new AbortController()];
  for (const { signal } of controllers) {
    fetch(`${gateway.url}/config/a`, { signal }).catch(() => {});
  }
  await until(async () => (await gateway.metric("airlock_upstream_shared_requests_total")) === 1);
  for (const controller of controllers) controller.abort();
  await until(() => upstream.sockets.size === 0);
  upstream.script = json({ fresh: true });
  assert.equal((await get(gateway.url, "/config/a")).body, '{"fresh":true}');
});

test("an answer is not kept after its last reader: this is no cache", async (t) => {
  let count = 0;
  const upstream = await startUpstream(t, (request, response) =>
    json({ count: ++count })(request, response),
  );
  const gateway = await startGateway(t, upstream.url);
  for (const expected of [1, 2, 3]) {
    assert.equal((await get(gateway.url, "/config/a")).body, `{"count":${expected}}`);
  }
});

test("what means nothing for a parameter is not sent on, and divides nobody", async (t) => {
  const held = gate();
  const upstream = await startUpstream(t, after(held, json({})));
  const gateway = await startGateway(t, upstream.url);
  const meaningless = {
    range: "bytes=0-1",
    "if-modified-since": "Sun, 06 Nov 1994 08:49:37 GMT",
    "if-match": "*",
  };
  const calls = [{}, meaningless].map((headers) => get(gateway.url, "/config/a", headers));
  await until(async () => (await gateway.metric("airlock_upstream_shared_requests_total")) === 1);
  held.open();
  await Promise.all(calls);
  assert.equal(upstream.requests[0]?.headers.range, undefined);
});

for (const [name, a, b] of [
  ["Accept", { accept: "application/json" }, { accept: "text/plain" }],
  ["Cache-Control", { "cache-control": "no-cache" }, {}],
  ["If-None-Match", { "if-none-match": '"1"' }, { "if-none-match": '"2"' }],
  ["having an If-None-Match", { "if-none-match": '"1"' }, {}],
] as const) {
  test(`requests that differ in ${name} are not shared`, async (t) => {
    const held = gate();
    const upstream = await startUpstream(t, after(held, json({})));
    const gateway = await startGateway(t, upstream.url);
    const calls = [get(gateway.url, "/config/a", a), get(gateway.url, "/config/a", b)];
    await until(() => upstream.requests.length === 2);
    held.open();
    await Promise.all(calls);
  });
}

test("spellings of one name are one flight", async (t) => {
  const held = gate();
  const upstream = await startUpstream(t, after(held, json({})));
  const gateway = await startGateway(t, upstream.url);
  const paths = ["/config/a/b", "/config//a/b", "/config/%2Fa%2Fb", "/config/a/b?decrypt=true"];
  const calls = paths.map((path) => get(gateway.url, path));
  await until(async () => (await gateway.metric("airlock_upstream_shared_requests_total")) === 3);
  held.open();
  assert.deepEqual(new Set((await Promise.all(calls)).map(({ status }) => status)), new Set([200]));
  assert.equal(upstream.requests.length, 1);
});

test("an answer over 1 MiB goes to one reader; the others make their own call", async (t) => {
  const held = gate();
  const body = JSON.stringify({ large: "x".repeat(2_000_000) });
  const upstream = await startUpstream(
    t,
    after(held, (_request, response) => {
      const headers = { "content-type": "application/json", "content-length": body.length };
      response.writeHead(200, headers).end(body);
    }),
  );
  const gateway = await startGateway(t, upstream.url);
  const calls = [1, 2, 3].map(() => get(gateway.url, "/config"));
  await until(async () => (await gateway.metric("airlock_upstream_shared_requests_total")) === 2);
  held.open();
  for (const reply of await Promise.all(calls)) assert.ok(reply.body === body);
  assert.equal(upstream.requests.length, 3);
});

test("an error is rendered for each reader with its own id", async (t) => {
  const held = gate();
  const upstream = await startUpstream(
    t,
    after(held, (_request, response) => {
      response.writeHead(404, { "content-type": "application/problem+json" }).end(
        JSON.stringify({
          type: "urn:airlock:problem:parameter_not_found",
          title: "Parameter not found",
          status: 404,
          detail: "none",
          instance: "urn:request:x",
          code: "parameter_not_found",
          request_id: "x",
        }),
      );
    }),
  );
  const gateway = await startGateway(t, upstream.url);
  const calls = ["one", "two"].map((id) => get(gateway.url, "/config/a", { "x-request-id": id }));
  await until(async () => (await gateway.metric("airlock_upstream_shared_requests_total")) === 1);
  held.open();
  const ids = (await Promise.all(calls)).map(({ body }) => JSON.parse(body).request_id);
  assert.deepEqual(ids, ["one", "two"]);
});
