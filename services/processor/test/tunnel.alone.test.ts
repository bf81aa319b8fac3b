/** The processor's end of a tunnel, against a plain TCP server as the pod; and of a log that is followed. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { after, test } from "node:test";
import { loadSettings } from "@airlock/config";
import { createLogger, createMetrics } from "@airlock/http";
import { moveJob } from "@airlock/jobs-store";
import { WebSocket } from "ws";
import { buildApp } from "../src/app.ts";
import { dialPod } from "../src/cluster/dial.ts";
import type { Cluster } from "../src/cluster/index.ts";
import { settingsSchema } from "../src/settings.ts";
import { openWorld, startPostgres } from "./world.ts";

const postgres = await startPostgres();
const world = await openWorld(postgres);

/** The pod: what it does with each connection. */
let serve: (socket: Socket) => void = (socket) => socket.pipe(socket);
const pods = new Set<Socket>();
const pod = createServer({ allowHalfOpen: true }, (socket) => {
  pods.add(socket);
  socket.on("error", () => {}).once("close", () => pods.delete(socket));
  serve(socket);
}).listen(0, "127.0.0.1");
await once(pod, "listening");
const { port } = pod.address() as AddressInfo;

const settings = loadSettings(settingsSchema, {
  ENVIRONMENT: "dev",
  DATABASE_URL: "postgresql://localhost/none",
});
const lines: Record<string, unknown>[] = [];
const logger = createLogger(settings, { write: (line) => void lines.push(JSON.parse(line)) });
const metrics = createMetrics(settings);
/** Logs that are read; each is a line, and then nothing. */
let logsOpen = 0;
async function* streamLog(_pod: string, _query: unknown, signal: AbortSignal) {
  logsOpen++;
  try {
    yield Buffer.from("a line\n");
    await once(signal, "abort");
  } finally {
    logsOpen--;
  }
}
const cluster = {
  streamLog,
  get: async () => ({ metadata: { name: "pod" }, status: { podIP: "127.0.0.1" } }),
  dial: dialPod,
} as unknown as Cluster;
const app = await buildApp(settings, {
  store: world.store,
  cluster,
  processor: { isReady: true },
  logger,
  metrics,
  pace: { pulse: { everyMs: 200, patienceMs: 200, pings: 5 }, standingMs: 50 },
});
await app.listen({ host: "127.0.0.1", port: 0 });
const base = `127.0.0.1:${(app.server.address() as AddressInfo).port}`;
after(async () => {
  for (const socket of pods) socket.destroy();
  app.server.closeAllConnections();
  await app.close();
  pod.close();
  await world.store.close();
  await postgres.stop();
});

let made = 0;
/** A job that runs, with a pod of its own, and the prefix of a key of its owner. */
async function activeJob(): Promise<{ jobId: string; key: string }> {
  const jobId = await world.submit();
  const { pool } = world.store;
  await pool.query(
    `INSERT INTO job_pods (reservation_id, generation, node_index, pod_name, node_name, gpus, pod_uid)
     VALUES ($1::varchar, 1, 0, 'pod-' || $1, 'n1', 0, 'uid-' || $1)`,
    [jobId],
  );
  const event = { kind: "started", actor: "processor" } as const;
  await moveJob(pool, { reservationId: jobId, from: ["queued"], to: "preparing", event });
  await moveJob(pool, { reservationId: jobId, from: ["preparing"], to: "active", event });
  const key = `key-${++made}`;
  await pool.query(
    `INSERT INTO api_keys (user_id, key_hash, key_prefix, expires_at, login_expires_at)
     SELECT user_id, lpad($2::text, 64, '0'), $1, now() + interval '1 hour', now() + interval '1 hour'
     FROM reservations WHERE reservation_id = $3`,
    [key, String(made), jobId],
  );
  return { jobId, key };
}

const urlOf = (jobId: string, key = "none", to = port) =>
  `ws://${base}/internal/jobs/${jobId}/tunnel?port=${to}&key=${key}`;

async function open(url: string): Promise<WebSocket> {
  const ws = new WebSocket(url, { perMessageDeflate: false });
  ws.on("error", () => {});
  await once(ws, "open");
  return ws;
}

const closeOf = async (ws: WebSocket): Promise<number> => {
  const [code] = (await once(ws, "close")) as [number];
  return code;
};

/** What is answered instead of 101. */
async function refusalOf(url: string): Promise<{ status: number; body: { code: string } }> {
  const ws = new WebSocket(url);
  ws.on("error", () => {});
  const [, answer] = (await once(ws, "unexpected-response")) as [unknown, IncomingMessage];
  let text = "";
  for await (const part of answer) text += part;
  assert.match(answer.headers["content-type"] ?? "", /^application\/problem\+json/);
  return { status: answer.statusCode ?? 0, body: JSON.parse(text) };
}

const lineOf = async (jobId: string): Promise<Record<string, unknown>> => {
  const find = () =>
    lines.find(({ msg, path }) => msg === "request" && String(path).includes(jobId));
  await until(find);
  return find() ?? {};
};

async function until(condition: () => unknown): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`never: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const bytesOf = (size: number) => Buffer.from(Uint8Array.from({ length: size }, (_, i) => i * 7));

test("bytes go both ways unchanged, and one line at the end tells how many", async () => {
  serve = (socket) => socket.pipe(socket);
  const { jobId, key } = await activeJob();
  const ws = await open(urlOf(jobId, key));
  const sent = bytesOf(3_000_000);
  const parts: Buffer[] = [];
  let size = 0;
  const all = new Promise<void>((resolve) => {
    ws.on("message", (data: Buffer) => {
      parts.push(data);
      size += data.length;
      if (size === sent.length) resolve();
    });
  });
  for (let at = 0; at < sent.length; at += 60_000) ws.send(sent.subarray(at, at + 60_000));
  await all;
  assert.ok(Buffer.concat(parts).equals(sent));
  ws.close(1000);
  assert.equal(await closeOf(ws), 1000);
  await until(() => pods.size === 0);
  const line = await lineOf(jobId);
  const { status, sent_bytes, received_bytes, tunnel_end, level } = line;
  assert.deepEqual(
    { status, sent_bytes, received_bytes, tunnel_end, level },
    {
      status: 101,
      sent_bytes: 3_000_000,
      received_bytes: 3_000_000,
      tunnel_end: 1000,
      level: "info",
    },
  );
  const text = await metrics.registry.metrics();
  assert.match(text, /airlock_tunnels_total\{code="1000"\} 1/);
  assert.match(text, /airlock_tunnel_bytes_total\{direction="sent"\} 3000000/);
  assert.match(text, /airlock_http_requests_waiting\{kind="tunnel"\} 0/);
});

test("refusals come before 101, as problems", async () => {
  const { jobId } = await activeJob();
  const unknown = await refusalOf(urlOf("unknown-0001"));
  assert.deepEqual([unknown.status, unknown.body.code], [404, "job_not_found"]);
  const closed = createServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  const nobody = (closed.address() as AddressInfo).port;
  await new Promise((resolve) => closed.close(resolve));
  const refused = await refusalOf(urlOf(jobId, "none", nobody));
  assert.deepEqual([refused.status, refused.body.code], [409, "port_closed"]);
  const waiting = await refusalOf(urlOf(await world.submit()));
  assert.deepEqual([waiting.status, waiting.body.code], [409, "job_not_active"]);
});

test("without a WebSocket's handshake it is a request like another", async () => {
  const { jobId } = await activeJob();
  const path = `/internal/jobs/${jobId}/tunnel?port=${port}&key=x`;
  const plain = await fetch(`http://${base}${path}`);
  assert.deepEqual([plain.status, plain.headers.get("upgrade")], [426, "websocket"]);
  const ask = (headers: Record<string, string>, target = path) =>
    new Promise<number>((resolve, reject) => {
      const [host, at] = base.split(":");
      const request = httpRequest({ host, port: Number(at), path: target, headers, agent: false });
      request.on("response", (answer) => resolve(answer.resume().statusCode ?? 0));
      request.on("upgrade", () => resolve(101)).on("error", reject);
      request.end();
    });
  const key = "AAAAAAAAAAAAAAAAAAAAAA==";
  const upgrade = { connection: "Upgrade", upgrade: "websocket" };
  assert.equal(await ask({ connection: "Upgrade", upgrade: "h2c" }), 426);
  assert.equal(
    await ask({ ...upgrade, "sec-websocket-version": "8", "sec-websocket-key": key }),
    400,
  );
  assert.equal(await ask({ ...upgrade, "sec-websocket-version": "13" }), 400);
  assert.equal(
    await ask({ ...upgrade, "sec-websocket-version": "13", "sec-websocket-key": key }, "/livez"),
    200,
    "elsewhere it is as if nothing was asked",
  );
});

test("the pod's end is 1000 behind its last byte; a broken connection is 1011", async () => {
  serve = (socket) => void socket.end(bytesOf(500_000));
  const first = await activeJob();
  const ws = await open(urlOf(first.jobId, first.key));
  let size = 0;
  ws.on("message", (data: Buffer) => {
    size += data.length;
  });
  assert.equal(await closeOf(ws), 1000);
  assert.equal(size, 500_000);
  serve = (socket) => void socket.once("data", () => socket.resetAndDestroy());
  const second = await activeJob();
  const broken = await open(urlOf(second.jobId, second.key));
  broken.send("x");
  assert.equal(await closeOf(broken), 1011);
});

test("it ends with its key, its user and its job, but not when its key expires", async () => {
  serve = (socket) => socket.pipe(socket);
  const { pool } = world.store;
  const revoked = await activeJob();
  const over = await activeJob();
  const expired = await activeJob();
  const [first, second, third] = await Promise.all(
    [revoked, over, expired].map(({ jobId, key }) => open(urlOf(jobId, key))),
  );
  assert.ok(first && second && third);
  await pool.query("UPDATE api_keys SET expires_at = now() WHERE key_prefix = $1", [expired.key]);
  await pool.query("UPDATE api_keys SET revoked_at = now() WHERE key_prefix = $1", [revoked.key]);
  assert.equal(await closeOf(first), 4403);
  const event = { kind: "done", actor: "processor" } as const;
  await moveJob(pool, { reservationId: over.jobId, from: ["active"], to: "completed", event });
  assert.equal(await closeOf(second), 4404);
  assert.equal(third.readyState, WebSocket.OPEN);
  await pool.query("UPDATE api_users SET is_active = false");
  assert.equal(await closeOf(third), 4403);
  await pool.query("UPDATE api_users SET is_active = true");
  await until(() => pods.size === 0);
});

test("a reader that stops holds the pod back, and costs no memory", async () => {
  let written = 0;
  serve = (socket) => {
    const block = Buffer.alloc(1_048_576);
    const write = () => {
      while (!socket.destroyed && written < 500 * block.length) {
        written += block.length;
        if (!socket.write(block)) return;
      }
    };
    socket.on("drain", write);
    write();
  };
  const { jobId, key } = await activeJob();
  const ws = await open(urlOf(jobId, key));
  ws.pause();
  // unasked: the pings wait behind what it does not read
  const beating = setInterval(() => ws.pong(), 40);
  let before = -1;
  while (before !== written) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  assert.ok(written < 64 * 1_048_576, `${written} bytes were taken of the pod`);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.deepEqual([ws.readyState, pods.size], [WebSocket.OPEN, 1], "it is not ended for that");
  // gone without a word, its connection full
  clearInterval(beating);
  await until(() => pods.size === 0);
  assert.equal((await lineOf(jobId)).tunnel_end, 1006);
  ws.terminate();
});

test("a reader that is slow and says nothing is known by what it takes", async () => {
  const block = Buffer.alloc(1_048_576);
  serve = (socket) => {
    const write = () => {
      while (!socket.destroyed && socket.write(block));
    };
    socket.on("drain", write);
    write();
  };
  const { jobId, key } = await activeJob();
  // whose pongs are lost
  const ws = new WebSocket(urlOf(jobId, key), { perMessageDeflate: false, autoPong: false });
  await once(ws, "open");
  const began = performance.now();
  ws.on("message", () => {
    ws.pause();
    setTimeout(() => ws.resume(), 1);
  });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.equal(ws.readyState, WebSocket.OPEN, `after ${performance.now() - began} ms`);
  ws.terminate();
  await until(() => pods.size === 0);
});

test("a client that leaves while the pod does not read frees everything", async () => {
  serve = (socket) => void socket.pause();
  const { jobId, key } = await activeJob();
  const ws = await open(urlOf(jobId, key));
  const block = Buffer.alloc(65_536);
  // until nothing on the way takes more
  for (let before = -1; before !== ws.bufferedAmount; ) {
    while (ws.bufferedAmount < 16 * block.length) ws.send(block);
    before = ws.bufferedAmount;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  ws.terminate();
  await until(() => metricsOf(jobId));
  const line = await lineOf(jobId);
  // the system tells its end as one or as a reset, by what it had sent of all that
  assert.ok(line.tunnel_end === 1006 || line.tunnel_end === 1001, String(line.tunnel_end));
});

const metricsOf = (jobId: string) =>
  lines.some(({ msg, path }) => msg === "request" && String(path).includes(jobId));

test("a client that is gone without a word is found by its silence; one that answers pings is not", async () => {
  serve = (socket) => socket.pipe(socket);
  const quiet = await activeJob();
  const there = await activeJob();
  const alive = await open(urlOf(there.jobId, there.key));
  const raw = connect({ host: "127.0.0.1", port: Number(base.split(":")[1]) });
  raw.on("error", () => {});
  const target = urlOf(quiet.jobId, quiet.key).replace(`ws://${base}`, "");
  raw.write(
    `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  raw.resume();
  await once(raw, "close");
  assert.equal((await lineOf(quiet.jobId)).tunnel_end, 1006);
  assert.equal(alive.readyState, WebSocket.OPEN);
  alive.close();
  await closeOf(alive);
});

test("a peer that sends no more without a close frame hears 1001", async () => {
  serve = (socket) => socket.pipe(socket);
  const { jobId, key } = await activeJob();
  const ws = await open(urlOf(jobId, key));
  // as a relay does that stops
  (ws as unknown as { _socket: Socket })._socket.end();
  assert.equal(await closeOf(ws), 1001);
});

test("a reader who leaves a log that says nothing more frees everything", async () => {
  const { jobId, key } = await activeJob();
  for (let reader = 0; reader < 3; reader++) {
    const leaving = new AbortController();
    const url = `http://${base}/internal/jobs/${jobId}/logs/follow?key=${key}`;
    const { body } = await fetch(url, { signal: leaving.signal });
    await body?.getReader().read();
    leaving.abort();
  }
  await until(() => logsOpen === 0 && metrics.inFlight.follow === 0);
});

test("those that are left when the server closes are told 1001", async () => {
  serve = (socket) => socket.pipe(socket);
  const { jobId, key } = await activeJob();
  const ws = await open(urlOf(jobId, key));
  const drained = app.tunnels.drain(50);
  assert.equal(await closeOf(ws), 1001);
  await drained;
});
