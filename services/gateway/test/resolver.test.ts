/** Names are looked up again, one look-up at a time, and a failing resolver harms nobody. */
import assert from "node:assert/strict";
import dns, { type LookupAddress } from "node:dns";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import type { Signing } from "@airlock/identity";
import { Registry } from "prom-client";
import { connectorWith, Resolver } from "../src/resolver.ts";
import { Call } from "../src/upstream/call.ts";
import { createUpstream } from "../src/upstream/upstream.ts";
import { createUpstreamMetrics } from "../src/upstream-metrics.ts";

type Looked = (error: null, addresses: LookupAddress[]) => void;

const v4 = (address: string): LookupAddress => ({ address, family: 4 });

function make(t: TestContext, first: LookupAddress[]) {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const dns = {
    answer: () => Promise.resolve(first) as Promise<LookupAddress[]>,
    pending: 0,
    mostPending: 0,
    changes: 0,
  };
  const query = async () => {
    dns.mostPending = Math.max(dns.mostPending, ++dns.pending);
    return dns.answer().finally(() => dns.pending--);
  };
  const resolver = new Resolver("aux.example.com", () => dns.changes++, query);
  t.after(() => resolver.stop());
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1000) {
      now += 1000;
      t.mock.timers.tick(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const lookup = () =>
    new Promise<string[]>((resolve, reject) => {
      resolver.lookup("aux.example.com", { all: true }, (error, addresses) => {
        if (error) reject(error);
        else if (Array.isArray(addresses)) resolve(addresses.map(({ address }) => address));
      });
    });
  return { dns, pass, lookup, resolver };
}

test("a change of address is followed within 30 s", async (t) => {
  const { dns, pass, lookup } = make(t, [v4("10.0.0.1")]);
  assert.deepEqual(await lookup(), ["10.0.0.1"]);
  dns.answer = () => Promise.resolve([v4("10.0.0.2")]);
  await pass(30_000);
  assert.deepEqual(await lookup(), ["10.0.0.2"]);
  assert.equal(dns.changes, 1);
});

test("the same addresses in another order are no change", async (t) => {
  const { dns, pass, lookup } = make(t, [v4("10.0.0.1"), v4("10.0.0.2")]);
  await lookup();
  dns.answer = () => Promise.resolve([v4("10.0.0.2"), v4("10.0.0.1")]);
  await pass(60_000);
  assert.equal(dns.changes, 0);
});

test("when look-ups fail the last good answer goes on being served", async (t) => {
  const { dns, pass, lookup } = make(t, [v4("10.0.0.1")]);
  await lookup();
  dns.answer = () => Promise.reject(new Error("NXDOMAIN"));
  await pass(600_000);
  assert.deepEqual(await lookup(), ["10.0.0.1"]);
  dns.answer = () => Promise.resolve([v4("10.0.0.3")]);
  await pass(20_000);
  assert.deepEqual(await lookup(), ["10.0.0.3"]);
});

test("a look-up that hangs delays nobody, and only one is under way", async (t) => {
  const { dns, pass, lookup } = make(t, [v4("10.0.0.1")]);
  await lookup();
  dns.answer = () => new Promise(() => {});
  await pass(120_000);
  for (let i = 0; i < 100; i++) assert.deepEqual(await lookup(), ["10.0.0.1"]);
  assert.equal(dns.mostPending, 1);
});

test("the first look-up may fail, and the next one works", async (t) => {
  const { dns, lookup } = make(t, [v4("10.0.0.1")]);
  const good = dns.answer;
  dns.answer = () => Promise.reject(new Error("EAI_AGAIN"));
  await assert.rejects(lookup(), /EAI_AGAIN/);
  dns.answer = good;
  assert.deepEqual(await lookup(), ["10.0.0.1"]);
});

test("addresses of another family than asked for are left out", async (t) => {
  const { resolver } = make(t, [{ address: "::1", family: 6 }, v4("10.0.0.1")]);
  const address = await new Promise((resolve, reject) => {
    resolver.lookup("x", { family: 4 }, (error, found) => (error ? reject(error) : resolve(found)));
  });
  assert.equal(address, "10.0.0.1");
});

test("each look-up begins with another address, so that connections spread over all", async (t) => {
  const { lookup } = make(t, [v4("10.0.0.1"), v4("10.0.0.2"), v4("10.0.0.3")]);
  const firsts = new Map<string | undefined, number>();
  for (let i = 0; i < 129; i++) {
    const found = await lookup();
    assert.equal(new Set(found).size, 3);
    firsts.set(found[0], (firsts.get(found[0]) ?? 0) + 1);
  }
  assert.deepEqual([...firsts.values()], [43, 43, 43]);
});

test("a connection that is not made is given up after 500 ms to the millisecond", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const connect = connectorWith(() => {}); // a name server that never answers
  let code: string | undefined;
  connect({ hostname: "aux.example.com", protocol: "http:", port: "80" }, (...[error]) => {
    code = (error as NodeJS.ErrnoException | null)?.code;
  });
  t.mock.timers.tick(499);
  assert.equal(code, undefined);
  t.mock.timers.tick(1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(code, "UND_ERR_CONNECT_TIMEOUT");
});

test("a connection that was made while the process was busy is used, however late that is seen", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const connect = connectorWith(undefined);
  const error = await new Promise<Error | null>((resolve) => {
    connect({ hostname: "127.0.0.1", protocol: "http:", port: String(port) }, (failure, socket) => {
      socket?.destroy();
      resolve(failure);
    });
    // behind the tick in which Node begins to connect, and before it looks at the network again
    const beBusy = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
    process.nextTick(() => process.nextTick(beBusy));
  });
  assert.equal(error, null);
});

test("a service that moves is followed with new connections, an API that names other addresses is not", async (t) => {
  const listening = createHttpServer((_request, response) => void response.end("ok"));
  await once(listening.listen(0, "0.0.0.0"), "listening");
  t.after(() => {
    listening.closeAllConnections();
    listening.close();
  });
  const { port } = listening.address() as AddressInfo;
  const signing: Signing = {
    sign: ({ path, headers }) => ({ path, headers: [...headers] }),
    refused() {},
    accepted() {},
  };
  for (const [of, expected] of [
    [undefined, 2],
    [signing, 1],
  ] as const) {
    t.mock.timers.enable({ apis: ["setInterval"] });
    let last = 0;
    t.mock.method(dns, "lookup", (_host: string, _options: object, done: Looked) =>
      done(null, [v4(`127.0.0.${++last}`)]),
    );
    syncBuiltinESMExports();
    const connections = new Set<Socket>();
    const count = (socket: Socket) => connections.add(socket);
    listening.on("connection", count);
    const registry = new Registry();
    const logger = { info() {}, error() {} } as never;
    const deps = { logger, metrics: createUpstreamMetrics(registry) };
    const upstream = createUpstream("x", `http://moving.example.com:${port}`, deps, of);
    const ask = () =>
      new Promise((answered, failed) => {
        const how = { method: "GET", class: "value", bufferBytes: 10, isRepeatable: true } as const;
        new Call(upstream, { ...how, path: "/", headers: [] }, { answered, failed });
      });
    await ask();
    t.mock.timers.tick(10_000);
    await new Promise(setImmediate);
    await ask();
    assert.equal(connections.size, expected);
    listening.off("connection", count);
    await upstream.close();
    t.mock.restoreAll();
    t.mock.timers.reset();
    syncBuiltinESMExports();
  }
});
