/** Requests that follow another on the same connection: in order, one at a time, whatever they are. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import { type App, demandWebSocket, takeConnection } from "@airlock/http";
import { type Connection, trackConnections } from "../src/connections.ts";
import { answerInOrder, oneAtATime } from "../src/pipelining.ts";
import { open, startApp, until } from "./app-harness.ts";
import { get } from "./harness.ts";
import { sendRaw } from "./raw-client.ts";

const MIB = 1_048_576;
const H = "Host: localhost\r\n";
const ask = (path: string, headers = "") => `GET ${path} HTTP/1.1\r\n${H}${headers}\r\n`;

/** Routes that wait, that stream, and that tell what they have seen. */
function fixture() {
  const seen: string[] = [];
  const most = { running: 0 };
  const left: string[] = [];
  let running = 0;
  let openGate = () => {};
  const gate = new Promise<void>((resolve) => {
    openGate = resolve;
  });
  const addRoutes = (app: App) => {
    app.get<{ Params: { n: string } }>("/n/:n", async ({ params }) => {
      most.running = Math.max(most.running, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      seen.push(params.n);
      return { n: Number(params.n) };
    });
    app.post("/mark", async () => {
      seen.push("mark");
      return { ok: true };
    });
    app.get("/held", async (_request, reply) => {
      reply.raw.once("close", () => left.push(reply.raw.writableFinished ? "done" : "left"));
      seen.push("held");
      await gate;
      return { held: true };
    });
    app.get("/large", async () => "x".repeat(MIB));
    app.get("/stream", (_request, reply) => {
      const chunks = (function* () {
        for (let i = 0; i < 24; i++) yield Buffer.alloc(MIB, i);
      })();
      reply.header("content-length", String(24 * MIB)).send(Readable.from(chunks));
    });
  };
  return { seen, most, left, openGate: () => openGate(), addRoutes };
}

test("a tunnel is a request like another until its handler takes it: in its turn, and other upgrades are not seen", async (t) => {
  const order: string[] = [];
  const { port } = await startApp(t, (app) => {
    app.get("/first", async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      order.push("first");
      return {};
    });
    app.get("/tunnel", { config: { isTunnel: true } }, async (request, reply) => {
      order.push("tunnel");
      demandWebSocket(request);
      const { socket, over } = takeConnection(request, reply);
      socket.once("data", (rest) => {
        socket.end(`HTTP/1.1 101 X\r\n\r\n[${rest}]`);
        over({ sentBytes: rest.length, receivedBytes: 0, end: "client" });
      });
      return reply;
    });
  });
  const upgrade = (to: string) =>
    `Connection: Upgrade\r\nUpgrade: ${to}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n`;
  const { text } = await sendRaw(
    port,
    `${ask("/first")}${ask("/tunnel", upgrade("WebSocket"))}rest`,
  );
  assert.deepEqual(order, ["first", "tunnel"]);
  assert.deepEqual(text.match(/HTTP\/1.1 \d+/g), ["HTTP/1.1 200", "HTTP/1.1 101"]);
  assert.match(text, /\[rest\]$/);
  for (const other of [ask("/first", upgrade("websocket")), ask("/tunnel", upgrade("h2c"))]) {
    const { responses } = await sendRaw(port, other);
    assert.equal(responses[0]?.status, other.includes("/first") ? 200 : 426);
  }
});

test("three hundred requests in one write are answered in order, one in progress at a time", async (t) => {
  const { addRoutes, most, seen } = fixture();
  const { port } = await startApp(t, addRoutes);
  const count = 300;
  const bytes = Array.from({ length: count }, (_, n) =>
    n % 5 === 0
      ? `GET /n/${n} HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\nhello`
      : ask(`/n/${n}`, "X-Ümlaut: \xff\r\n".replace("Ü", "u")),
  ).join("");
  const { responses, rest } = await sendRaw(port, Buffer.from(bytes, "latin1"), 1000);
  assert.equal(rest, "");
  assert.deepEqual(
    responses.map(({ body }) => JSON.parse(body).n),
    Array.from({ length: count }, (_, n) => n),
  );
  assert.equal(most.running, 1);
  assert.equal(seen.length, count);
});

test("what changes something is not begun before what it follows is answered", async (t) => {
  const { addRoutes, seen, openGate } = fixture();
  const { port } = await startApp(t, addRoutes);
  const answered = sendRaw(
    port,
    `${ask("/held")}POST /mark HTTP/1.1\r\n${H}Content-Length: 0\r\n\r\n`,
    1000,
  );
  await until(() => seen.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(seen, ["held"]);
  openGate();
  const { responses } = await answered;
  assert.deepEqual(
    [seen, responses.map(({ status }) => status)],
    [
      ["held", "mark"],
      [200, 200],
    ],
  );
});

interface Follower {
  readonly name: string;
  readonly bytes: string | Buffer;
  readonly status: number;
  readonly isClosed: boolean;
}

const FOLLOWERS: readonly Follower[] = [
  { name: "Expect: foo", bytes: ask("/n/1", "Expect: foo\r\n"), status: 417, isClosed: false },
  {
    name: "CONNECT",
    bytes: "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n",
    status: 405,
    isClosed: true,
  },
  { name: "garbage", bytes: "\x01\x02\r\n\r\n", status: 400, isClosed: true },
  {
    name: "a TLS hello",
    bytes: Buffer.from("16030100c8010000c40303", "hex"),
    status: 400,
    isClosed: true,
  },
  {
    name: "a head of 90 KB",
    bytes: ask("/n/1", `X-Long: ${"x".repeat(90_000)}\r\n`),
    status: 431,
    isClosed: true,
  },
  {
    name: "both lengths",
    bytes: ask("/n/1", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"),
    status: 400,
    isClosed: true,
  },
  {
    name: "an upgrade",
    bytes: ask("/n/1", "Connection: Upgrade\r\nUpgrade: websocket\r\n"),
    status: 200,
    isClosed: false,
  },
  { name: "a bad path", bytes: ask("/%zz"), status: 400, isClosed: false },
  {
    name: "a head that never ends",
    bytes: "GET /n/1 HTTP/1.1\r\nHost: lo",
    status: 408,
    isClosed: true,
  },
];

describe("behind a request in progress waits for its answer", { concurrency: true }, () => {
  for (const { name, bytes, status, isClosed } of FOLLOWERS) {
    for (const apart of [false, true]) {
      const how = apart ? "in a second write" : "in the same write";
      test(`${name} ${how}`, async (t) => {
        const { addRoutes, seen, openGate } = fixture();
        const { port } = await startApp(t, addRoutes);
        const first = ask("/held");
        const second = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes, "latin1");
        const answered = (async () => {
          const socket = await open(t, port);
          if (apart) {
            socket.write(first);
            await until(() => seen.length > 0);
            socket.write(second);
          } else socket.write(Buffer.concat([Buffer.from(first), second]));
          return received(socket, 1000);
        })();
        await until(() => seen.length > 0);
        // longer than the limit for heads, where that is the case
        await new Promise((resolve) => setTimeout(resolve, status === 408 ? 5500 : 50));
        openGate();
        const { text, wasClosed } = await answered;
        const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, code]) => Number(code));
        assert.deepEqual(statuses, [200, status], text);
        assert.equal(wasClosed, isClosed, text);
        assert.ok(text.includes('{"held":true}'), text);
      });
    }
  }
});

/** All that arrives until the server closes, or says nothing for so long after its first word. */
function received(
  socket: import("node:net").Socket,
  quietMs: number,
): Promise<{ text: string; wasClosed: boolean }> {
  return new Promise((resolve) => {
    let text = "";
    let quiet: NodeJS.Timeout | undefined;
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      clearTimeout(quiet);
      quiet = setTimeout(() => resolve({ text, wasClosed: false }), quietMs);
    });
    socket.on("close", () => resolve({ text, wasClosed: true }));
  });
}

test("a streamed answer flows on while another request waits behind it", async (t) => {
  const { addRoutes } = fixture();
  const { port } = await startApp(t, addRoutes);
  const socket = await open(t, port);
  socket.write(ask("/stream") + ask("/n/7"));
  let size = 0;
  let tail = Buffer.alloc(0);
  await new Promise<void>((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`stuck after ${size} bytes`)), 20_000);
    socket.on("data", (chunk) => {
      size += chunk.length;
      tail = Buffer.concat([tail, chunk]).subarray(-20);
      if (!tail.toString("latin1").includes('{"n":7}')) return;
      clearTimeout(limit);
      resolve();
    });
  });
  assert.ok(size > 24 * MIB);
});

test("a client that leaves while another of its requests waits ends the one in progress", async (t) => {
  const { addRoutes, seen, left } = fixture();
  const { port } = await startApp(t, addRoutes);
  const socket = await open(t, port);
  socket.write(ask("/held") + ask("/n/1"));
  await until(() => seen.length > 0);
  socket.resetAndDestroy();
  await until(() => left.length > 0);
  assert.deepEqual([left, seen], [["left"], ["held"]]);
});

test("a client that ends its side while a request of its waits has its answers, and then its end", async (t) => {
  const { addRoutes, seen, openGate } = fixture();
  const { port } = await startApp(t, addRoutes);
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  t.after(() => socket.destroy());
  let text = "";
  socket.setEncoding("latin1").on("data", (data: string) => {
    text += data;
  });
  socket.write(ask("/held") + ask("/n/1"));
  await until(() => seen.length > 0);
  socket.end();
  await new Promise((resolve) => setTimeout(resolve, 50)); // long enough for its end to arrive
  const ended = once(socket, "end");
  openGate();
  await ended;
  assert.match(text, /"held":true/);
});

test("of a head that is malformed nobody knows the end: one answer, whatever follows", async (t) => {
  const { addRoutes, seen } = fixture();
  const { port } = await startApp(t, addRoutes);
  for (const head of ["GET /n/1  HTTP/1.1\r\n\r\n", "GET /n/1\r\nConnection: keep-alive\r\n\r\n"]) {
    const { text, wasClosed } = await sendRaw(port, `${head}Host: localhost\r\n\r\n${ask("/n/2")}`);
    assert.equal(text.match(/HTTP\/1\.1 \d+/g)?.join(), "HTTP/1.1 400", text);
    assert.ok(wasClosed);
  }
  assert.deepEqual(seen, []);
});

test("connections that pipeline thousands and read nothing take nobody's place", async (t) => {
  const { addRoutes } = fixture();
  const { port, samples } = await startApp(t, addRoutes, { MAX_IN_FLIGHT: "12" });
  const paths = ["/large", "/nothing", "/%zz", "/n/1"];
  for (const path of [...paths, ...paths, ...paths]) {
    const socket = await open(t, port);
    socket.pause();
    socket.write(ask(path).repeat(path === "/large" ? 40 : 2000));
  }
  for (let i = 0; i < 20; i++) assert.equal((await get(port, "/n/2")).status, 200);
  await until(async () => {
    const [inFlight] = await samples("airlock_http_requests_in_flight");
    return inFlight?.endsWith(" 0");
  });
});

test("what waits behind requests takes no more memory than a bound: who brings more than a little ends", async (t) => {
  const held: ServerResponse[] = [];
  const server = createServer(
    oneAtATime(() => false),
    (_request, response) => void held.push(response),
  );
  const ended: Connection[] = [];
  const end = (connection: Connection) => {
    ended.push(connection);
    connection.socket.destroy();
  };
  answerInOrder(server, end, 65_536);
  const connections = trackConnections(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const pipeline = async (bytes: number) => {
    const socket = await open(t, port);
    socket.resume();
    socket.write(ask("/a").repeat(1 + Math.ceil(bytes / ask("/a").length)));
    return socket;
  };
  for (let round = 0; round < 2; round++) {
    const large = [await pipeline(30_000), await pipeline(30_000)];
    await until(() => held.length === 2);
    assert.equal(ended.length, round);
    const third = await pipeline(30_000);
    await until(() => third.destroyed && ended.length === round + 1);
    const small = await pipeline(1000);
    await until(() => held.length === 4);
    assert.equal(small.destroyed, false);
    for (const socket of [...large, small]) socket.resetAndDestroy();
    await until(() => connections.size === 0); // and what they held is given back
    held.length = 0;
  }
});

test("a connection that pipelines megabytes is not read while little of them is answered", async (t) => {
  let mostBytes = 0;
  const { port } = await startApp(t, (routes) => {
    routes.get("/a", async ({ raw }) => {
      mostBytes = Math.max(mostBytes, raw.socket.readableLength);
      return "x";
    });
  });
  let answers = 0;
  const socket = await open(t, port);
  socket.setEncoding("latin1").on("data", (text: string) => {
    answers += text.split("HTTP/1.1 200").length - 1;
  });
  const request = ask("/a", `X-Long: ${"x".repeat(2000)}\r\n`);
  socket.write(request.repeat(2000));
  await until(() => answers === 2000);
  assert.ok(mostBytes > 0 && mostBytes <= 4 * 65_536, `${mostBytes} bytes`);
});
