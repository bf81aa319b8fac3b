/** Answers that come in parts, and what still holds of those that Fastify does not send. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { gate, get, startGateway, startUpstream, until } from "./harness.ts";

const JSON_TYPE = { "content-type": "application/json" };
const BODY = JSON.stringify({ value: Array.from({ length: 9000 }, (_, i) => i) });

for (const [name, headers] of [
  ["chunked", {}],
  ["with a length", { "content-length": String(BODY.length) }],
] as const) {
  test(`a body in parts, ${name}, is one answer with a length`, async (t) => {
    const upstream = await startUpstream(t, (_incoming, response) => {
      response.writeHead(200, { ...JSON_TYPE, ...headers });
      let at = 0;
      const sending = setInterval(() => {
        response.write(BODY.slice(at, at + 9000));
        at += 9000;
        if (at < BODY.length) return;
        clearInterval(sending);
        response.end();
      }, 2);
    });
    const gateway = await startGateway(t, upstream.url);
    const replies = await Promise.all([1, 2, 3].map(() => get(gateway.url, "/config/a")));
    for (const reply of replies) {
      assert.equal(reply.body, BODY);
      assert.equal(reply.headers["content-length"], String(BODY.length));
      assert.equal(reply.headers["transfer-encoding"], undefined);
      assert.equal(reply.headers["x-content-type-options"], "nosniff");
      assert.ok(reply.headers["x-request-id"] && reply.headers.date);
    }
    const head = await new Promise<string | undefined>((resolve) => {
      const options = { port: gateway.port, path: "/config/a", method: "HEAD", agent: false };
      request(options, (incoming) => {
        resolve(incoming.headers["content-length"]);
        incoming.resume();
      }).end();
    });
    assert.equal(head, String(BODY.length));
  });
}

test("an empty body is an answer", async (t) => {
  const upstream = await startUpstream(t, (_incoming, response) => {
    response.writeHead(200, { ...JSON_TYPE, "content-length": "0" }).end();
  });
  const gateway = await startGateway(t, upstream.url);
  const { status, body, headers } = await get(gateway.url, "/config/a");
  assert.deepEqual([status, body, headers["content-length"]], [200, "", "0"]);
});

test("while it drains, an answer ends its connection, and is logged and counted once", async (t) => {
  const held = gate();
  const upstream = await startUpstream(t, (_incoming, response) => {
    void held.passed.then(() => response.writeHead(200, JSON_TYPE).end("{}"));
  });
  const gateway = await startGateway(t, upstream.url);
  const call = get(gateway.url, "/config/a");
  await until(() => upstream.requests.length === 1);
  const drained = gateway.drain();
  held.open();
  assert.equal((await call).headers.connection, "close");
  await drained;
  assert.equal(gateway.lines.filter(({ msg }) => msg === "request").length, 1);
  assert.equal(await gateway.metric("airlock_http_requests_in_flight"), 0);
});
