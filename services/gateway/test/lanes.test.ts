/** Places in front of the upstream: what is slow by nature holds up nothing else, and who leaves a queue harms nobody. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createMetrics } from "@airlock/http";
import { Client } from "undici";
import { Breaker, RetryBudget } from "../src/upstream/breaker.ts";
import { type Answer, Call, type Upstream } from "../src/upstream/call.ts";
import type { ClassName } from "../src/upstream/classes.ts";
import { ClientLeftError } from "../src/upstream/failures.ts";
import { Lane, type LaneOptions } from "../src/upstream/lane.ts";
import { createUpstreamMetrics } from "../src/upstream-metrics.ts";
import { gate, get, json, startGateway, startUpstream, tally, until } from "./harness.ts";

const isList = (url = "") => url.startsWith("/parameters?");
const BEHIND_PROXY = { TRUST_PROXY: "127.0.0.0/8" };
/** One client has half of the places at most: these are two. */
const eitherClient = (n: number) => ({ "x-forwarded-for": `192.0.2.${1 + (n % 2)}` });

test("128 lists that take their time leave all places of values free", async (t) => {
  const held = gate();
  const upstream = await startUpstream(t, (request, response) => {
    if (!isList(request.url)) return json({})(request, response);
    void held.passed.then(() => json({})(request, response));
  });
  const gateway = await startGateway(t, upstream.url, BEHIND_PROXY);
  const lists = Array.from({ length: 128 }, (_, i) =>
    get(gateway.url, `/config?path=/list${i}`, eitherClient(i)),
  );
  await until(() => upstream.requests.length === 128);
  const values = await Promise.all(
    Array.from({ length: 300 }, (_, i) => get(gateway.url, `/config/value${i}`)),
  );
  assert.deepEqual(tally(values.map(({ status }) => status)), { 200: 300 });
  held.open();
  assert.deepEqual(tally((await Promise.all(lists)).map(({ status }) => status)), { 200: 128 });
});

test("the breaker's probe has a place of its own, and closes it while all others are taken", async (t) => {
  const held = gate();
  const upstream = await startUpstream(t, (request, response) => {
    if (isList(request.url)) void held.passed.then(() => json({})(request, response));
  });
  const gateway = await startGateway(t, upstream.url, BEHIND_PROXY);
  const lists = Array.from({ length: 128 }, (_, i) =>
    get(gateway.url, `/config?path=/list${i}`, eitherClient(i)),
  );
  await until(() => upstream.requests.length === 128);
  await Promise.all(Array.from({ length: 10 }, (_, i) => get(gateway.url, `/config/hangs${i}`)));
  assert.equal(await gateway.metric("airlock_upstream_breaker_open"), 1);
  await until(async () => (await gateway.metric("airlock_upstream_breaker_open")) === 0);
  held.open();
  await Promise.all(lists);
});

test("requests whose time is up in the queue cost no connection", async (t) => {
  let held = gate();
  const upstream = await startUpstream(t, (request, response) => {
    void held.passed.then(() => json({})(request, response));
  });
  const gateway = await startGateway(t, upstream.url, BEHIND_PROXY);
  const ask = (name: string, count: number, headers?: Record<string, string>) =>
    Array.from({ length: count }, (_, i) =>
      get(gateway.url, `/config?path=/${name}${i}`, headers ?? eitherClient(i)),
    );
  const first = ask("a", 128);
  await until(() => upstream.requests.length === 128);
  const connections = new Set(upstream.requests.map(({ socket }) => socket));
  const queued = await Promise.all(ask("b", 64, { "x-forwarded-for": "192.0.2.3" }));
  assert.deepEqual(tally(queued.map(({ status }) => status)), { 503: 64 });
  held.open();
  assert.deepEqual(tally((await Promise.all(first)).map(({ status }) => status)), { 200: 128 });
  assert.equal(upstream.requests.length, 128, "none of the queued was sent");

  held = gate();
  const again = ask("c", 128);
  await until(() => upstream.requests.length === 256);
  held.open();
  await Promise.all(again);
  for (const { socket } of upstream.requests)
    assert.ok(connections.has(socket), "a new connection");
});

/** A lane of one place, whose connections are made when the test says so. */
function rig(t: TestContext, port: number, places = 1) {
  const connecting: (() => void)[] = [];
  const options: LaneOptions = {
    origin: `http://127.0.0.1:${port}`,
    places,
    maxQueued: 10,
    bodyPauseMs: 200,
    connect: (_options, callback) => {
      connecting.push(() => {
        const socket = connect(port, "127.0.0.1", () => callback(null, socket));
        socket.once("error", (error) => callback(error, null));
      });
    },
  };
  const lane = new Lane(options);
  t.after(() => lane.close());
  const follow = new Lane({ ...options, bodyPauseMs: 0 });
  t.after(() => follow.close());
  const slow = { stream: lane, wait: lane, follow, events: lane };
  const lanes = { value: lane, list: lane, ...slow, login: lane, probe: lane };
  const { registry } = createMetrics({ VERSION: "1", GIT_SHA: "2" });
  const breaker = new Breaker({ probe: async () => {}, onChange: () => {} });
  t.after(() => breaker.stop());
  const upstream: Upstream = {
    prefix: "",
    lanes,
    breaker,
    retries: new RetryBudget(),
    counts: createUpstreamMetrics(registry).of("aux", { lanes, isOpen: () => breaker.isOpen }),
  };
  const call = (path: string, name: ClassName = "value") => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    promise.catch(() => {});
    const how = { method: "GET", class: name, bufferBytes: 65_536, isRepeatable: true } as const;
    const begun = new Call(
      upstream,
      { ...how, path, headers: [] },
      { answered: resolve, failed: reject },
    );
    return { answer: promise, abort: () => begun.abort(new ClientLeftError()) };
  };
  /** Of the histogram of calls, how many ended in each way. */
  const outcomes = async () => {
    const text = await registry.getSingleMetricAsString("airlock_upstream_call_duration_seconds");
    const found = text.matchAll(/_count\{upstream="aux",outcome="(\w+)"\} (\d+)/g);
    return Object.fromEntries([...found].map(([, outcome, count]) => [outcome, Number(count)]));
  };
  return { lane, call, connecting, outcomes };
}

async function listen(t: TestContext, onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as { port: number }).port;
}

test("a call that is given up while its connection is made leaves the connection to the next", async (t) => {
  let connections = 0;
  const paths: string[] = [];
  const port = await listen(t, (socket) => {
    connections++;
    socket.on("data", (bytes) => {
      paths.push(String(bytes).split(" ")[1] ?? "");
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    });
  });
  const { call, connecting, outcomes } = rig(t, port);
  const first = call("/first");
  const second = call("/second");
  await until(() => connecting.length === 1);
  first.abort();
  for (const proceed of connecting) proceed();
  assert.equal(String((await second.answer).body), "ok");
  assert.deepEqual(paths, ["/second"]);
  assert.equal(connections, 1);
  assert.deepEqual(await outcomes(), { "2xx": 1, left: 1 });
});

test("first come, first served; and who leaves the queue is passed over", async (t) => {
  const paths: string[] = [];
  const port = await listen(t, (socket) => {
    socket.on("data", (bytes) => {
      paths.push(String(bytes).split(" ")[1] ?? "");
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    });
  });
  const { lane, call, connecting } = rig(t, port);
  const calls = ["/a", "/b", "/c", "/d"].map((path) => call(path));
  assert.equal(lane.stats()?.waiting, 3);
  calls[2]?.abort();
  assert.deepEqual(lane.stats(), { busy: 0, idle: 0, running: 1, waiting: 2 });
  await until(() => connecting.length === 1);
  for (const proceed of connecting) proceed();
  await Promise.all([calls[0], calls[1], calls[3]].map((one) => one?.answer));
  assert.deepEqual(paths, ["/a", "/b", "/d"]);
  assert.deepEqual(lane.stats(), { busy: 0, idle: 1, running: 0, waiting: 0 });
});

test("a body that stops coming is late, and one that ends early is broken; neither is a client that left", async (t) => {
  let turn = 0;
  const port = await listen(t, (socket) => {
    socket.on("data", () => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
      if (turn++ > 0) socket.end();
    });
  });
  const { call, connecting, outcomes } = rig(t, port);
  for (const outcome of ["late", "broken"]) {
    const { answer } = call("/");
    await until(() => connecting.length > 0);
    connecting.pop()?.();
    await assert.rejects(answer, { failure: outcome });
  }
  assert.deepEqual(await outcomes(), { late: 1, broken: 1 });
});

test("the pause in a body counts from its last part: neither a late head nor a slow client makes it late", async (t) => {
  let turn = 0;
  const port = await listen(t, (socket) => {
    socket.on("data", async () => {
      if (turn++ === 0) {
        await sleep(300); // longer than the pause; of a head it is not asked
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n");
        for (let n = 0; n < 6; n++, await sleep(60)) socket.write("x");
      } else {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2000000\r\n\r\n");
        socket.write(Buffer.alloc(2_000_000));
      }
    });
  });
  const { call, connecting, outcomes } = rig(t, port);
  const first = call("/slow");
  await until(() => connecting.length > 0);
  connecting.pop()?.();
  assert.equal(String(Buffer.concat((await first.answer).body as Buffer[])), "xxxxxx");
  const { body } = await call("/large").answer;
  await sleep(500);
  let size = 0;
  for await (const part of body as Readable) size += (part as Buffer).length;
  assert.equal(size, 2_000_000);
  assert.deepEqual(await outcomes(), { "2xx": 2 });
});

test("a body that stops behind a head that was slow is late by its pause, not by the time of a head", async (t) => {
  const port = await listen(t, (socket) => {
    socket.on("data", async () => {
      await sleep(300); // the pause of 200 ms is over once, and a head has 2500
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
    });
  });
  const { call, connecting } = rig(t, port);
  const { answer } = call("/");
  await until(() => connecting.length > 0);
  connecting.pop()?.();
  const startedAt = performance.now();
  await assert.rejects(answer, { failure: "late" });
  assert.ok(performance.now() - startedAt < 300 + 5 * 200);
});

test("where something was to flow, and may be silent, an error may not stop coming", async (t) => {
  const heads = [
    "HTTP/1.1 404 Not Found\r\ncontent-length: 100\r\n\r\nhalf",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
  ];
  const port = await listen(t, (socket) =>
    socket.on("data", () => socket.write(heads.shift() ?? "")),
  );
  const { call, connecting, outcomes } = rig(t, port);
  const error = call("/", "follow");
  await until(() => connecting.length > 0);
  connecting.pop()?.();
  await assert.rejects(error.answer, { failure: "late" });
  const flowing = call("/", "follow");
  await until(() => connecting.length > 0);
  connecting.pop()?.();
  const body = (await flowing.answer).body as Readable;
  body.on("error", () => {}).resume();
  await sleep(500);
  assert.equal(body.destroyed, false);
  flowing.abort();
  assert.deepEqual(await outcomes(), { late: 1, left: 1 });
});

test("an answer in the smallest parts takes little more memory than its bytes", async (t) => {
  const count = 60_000;
  const port = await listen(t, (socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
      for (let n = 0; n < count; n++) socket.write(`1\r\n${n % 10}\r\n`);
      socket.end("0\r\n\r\n");
    });
  });
  const { call, connecting } = rig(t, port);
  const { answer } = call("/");
  await until(() => connecting.length > 0);
  connecting.pop()?.();
  const parts = (await answer).body as Buffer[];
  assert.ok(parts.length < 2 * (count / 64), `${parts.length} parts`);
  assert.equal(
    String(Buffer.concat(parts)),
    Array.from({ length: count }, (_, n) => n % 10).join(""),
  );
});

test("a large body that stops coming is late although its client has read all there is", async (t) => {
  const port = await listen(t, (socket) => {
    socket.on("data", () => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 200000\r\n\r\n");
      socket.write(Buffer.alloc(100_000));
    });
  });
  const { call, connecting, outcomes } = rig(t, port);
  const { answer } = call("/");
  await until(() => connecting.length > 0);
  connecting.pop()?.();
  const body = (await answer).body as Readable;
  body.resume();
  const [error] = await once(body, "error");
  assert.equal(error.failure, "late");
  assert.deepEqual(await outcomes(), { late: 1 });
});

test("undici's parts of a body are memory of their own: they may be kept without a copy", async (t) => {
  const sizes = Array.from({ length: 60 }, (_, i) => 1 + ((i * 7919) % 90_000));
  const port = await listen(t, (socket) => {
    let turn = 0;
    socket.on("data", () => {
      const size = sizes[turn] ?? 0;
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`);
      socket.write(Buffer.alloc(size, turn++));
    });
  });
  const client = new Client(`http://127.0.0.1:${port}`, { pipelining: 1 });
  t.after(() => client.destroy());
  const kept: { part: Buffer; byte: number }[] = [];
  for (const [turn, size] of sizes.entries()) {
    let received = 0;
    await new Promise<void>((resolve, reject) => {
      client.dispatch(
        { method: "GET", path: "/" },
        {
          onRequestStart() {},
          onResponseStart() {},
          onResponseData(_controller, part) {
            received += part.length;
            kept.push({ part, byte: turn });
          },
          onResponseEnd: () => resolve(),
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });
    assert.equal(received, size);
  }
  assert.ok(kept.length > sizes.length);
  for (const { part, byte } of kept) assert.ok(part.every((one) => one === byte));
});
