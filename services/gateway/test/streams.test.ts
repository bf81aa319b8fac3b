/** Objects on their way: as fast as the client takes them, whole or visibly broken. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { type TestContext, test } from "node:test";
import {
  type Gateway,
  get,
  json,
  type Script,
  startGateway,
  startUpstream,
  until,
} from "./harness.ts";

const MIB = 1_048_576;
const PATH = "/storage/my-bucket/large";

/** An answer that has begun and whose body nobody has read yet. */
async function begin(t: TestContext, gateway: Gateway): Promise<IncomingMessage> {
  const sent = request({ port: gateway.port, path: PATH, agent: false }).end();
  t.after(() => sent.destroy());
  const [incoming] = (await once(sent, "response")) as [IncomingMessage];
  return incoming;
}

interface Sent {
  size: number;
  readonly hash: ReturnType<typeof createHash>;
}

/** Sends that many MiB, waiting for the reader, with or without saying the length first. */
function largeObject(mebibytes: number, sent: Sent, isDeclared = true): Script {
  return async (_request, response) => {
    if (isDeclared) response.setHeader("content-length", mebibytes * MIB);
    for (let i = 0; i < mebibytes && !response.destroyed; i++) {
      const chunk = Buffer.alloc(MIB, i);
      sent.hash.update(chunk);
      sent.size += chunk.length;
      if (!response.write(chunk)) await once(response, "drain").catch(() => {});
    }
    response.end();
  };
}

for (const isDeclared of [true, false]) {
  const length = isDeclared ? "with" : "without";
  test(`64 MiB ${length} a length wait for a slow client, and arrive whole`, async (t) => {
    const sent = { size: 0, hash: createHash("sha256") };
    const upstream = await startUpstream(t, largeObject(64, sent, isDeclared));
    const gateway = await startGateway(t, upstream.url);
    const incoming = await begin(t, gateway);
    let before = 0;
    let quiet = 0;
    await until(() => {
      quiet = sent.size > 0 && sent.size === before ? quiet + 1 : 0;
      before = sent.size;
      return quiet > 30;
    });
    assert.ok(sent.size < 32 * MIB, `${sent.size} bytes went out for nobody`);
    const received = createHash("sha256");
    for await (const chunk of incoming) received.update(chunk);
    assert.equal(received.digest("hex"), sent.hash.digest("hex"));
    assert.equal(sent.size, 64 * MIB);
    await until(async () => (await gateway.metric("airlock_http_requests_waiting")) === 0);
  });
}

test("a client that hangs up at half ends the call upstream", async (t) => {
  const sent = { size: 0, hash: createHash("sha256") };
  const upstream = await startUpstream(t, largeObject(64, sent));
  const gateway = await startGateway(t, upstream.url);
  const incoming = await begin(t, gateway);
  let received = 0;
  for await (const chunk of incoming) {
    received += chunk.length;
    if (received > 32 * MIB) break; // which destroys the connection
  }
  const startedAt = performance.now();
  await until(() => upstream.sockets.size === 0);
  assert.ok(performance.now() - startedAt < 5 * 1000);
  assert.ok(sent.size < 64 * MIB);
});

for (const [name, headers] of [
  ["with a length", { "content-length": String(2 * MIB) }],
  ["without a length", {}],
] as const) {
  test(`an object ${name} that breaks off is broken for the client too`, async (t) => {
    const upstream = await startUpstream(t, (_request, response) => {
      response.writeHead(200, headers);
      response.write(Buffer.alloc(MIB), () => response.destroy());
    });
    const gateway = await startGateway(t, upstream.url);
    await assert.rejects(get(gateway.url, PATH), /aborted|hang up|ECONNRESET/);
  });
}

test("a small object that breaks off is 502", async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half", () => response.destroy());
  });
  const gateway = await startGateway(t, upstream.url);
  assert.equal((await get(gateway.url, PATH)).status, 502);
});

test("the first bytes of a large object do not wait for more", async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(200, { "content-length": String(MIB) });
    response.write("first");
  });
  const gateway = await startGateway(t, upstream.url);
  const incoming = await begin(t, gateway);
  const [chunk] = await once(incoming, "data");
  assert.equal(String(chunk), "first");
});

test("one object for two clients at once is two calls: nothing is held for both", async (t) => {
  const upstream = await startUpstream(t, json({}));
  const gateway = await startGateway(t, upstream.url);
  await Promise.all([get(gateway.url, PATH), get(gateway.url, PATH)]);
  assert.equal(upstream.requests.length, 2);
});

test("slow clients take neither the places nor the connections of other requests", async (t) => {
  const upstream = await startUpstream(t, (incoming, response) => {
    if (!incoming.url?.startsWith("/s3/objects")) return json({})(incoming, response);
    response.writeHead(200, { "content-length": String(MIB) });
    response.write("first");
  });
  const gateway = await startGateway(t, upstream.url, {
    MAX_IN_FLIGHT: "4",
    STREAMS_PER_CLIENT: "150",
  });
  for (let i = 0; i < 150; i++) await begin(t, gateway);
  assert.equal(await gateway.metric("airlock_http_requests_waiting"), 150);
  assert.equal((await get(gateway.url, "/config/a")).status, 200);
});
