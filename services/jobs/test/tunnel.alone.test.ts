/** A tunnel on its whole way: client, gateway, jobs, processor, and a plain TCP server as the pod. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { loadSettings } from "@airlock/config";
import { createLogger, createMetrics } from "@airlock/http";
import { connectTarget, createStore, moveJob } from "@airlock/jobs-store";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { WebSocket } from "ws";
import { type Gateway, json, startGateway, startUpstream } from "../../gateway/test/harness.ts";
import { buildApp as buildProcessor } from "../../processor/src/app.ts";
import { dialPod } from "../../processor/src/cluster/dial.ts";
import type { Cluster } from "../../processor/src/cluster/index.ts";
import { settingsSchema as processorSettings } from "../../processor/src/settings.ts";
import { activate, startJobs, startWorld } from "./harness.ts";

const world = await startWorld();
const database = await world.cluster.createDatabase();

let serve: (socket: Socket) => void = (socket) => socket.pipe(socket);
const pods = new Set<Socket>();
const asked: number[] = [];
const pod = createServer({ allowHalfOpen: true }, (socket) => {
  pods.add(socket);
  socket.on("error", () => {}).once("close", () => pods.delete(socket));
  socket.on("end", () => socket.end());
  serve(socket);
}).listen(0, "127.0.0.1");
await once(pod, "listening");
const podPort = (pod.address() as AddressInfo).port;

const store = createStore({
  ...connectTarget(database),
  pool: { min: 0, max: 4 },
  connectTimeoutMs: 5000,
  statementTimeoutMs: 5000,
  log: { info() {}, warn() {}, error() {} },
});
const cluster = {
  get: async () => ({ metadata: { name: "pod" }, status: { podIP: "127.0.0.1" } }),
  // whatever port is asked for, the one server of this test is behind it
  dial: (...[pod, port, options]: Parameters<Cluster["dial"]>) => {
    asked.push(port);
    return dialPod(pod, podPort, options);
  },
  streamLog: (...asked: Parameters<Cluster["streamLog"]>) => writeLog(...asked),
} as unknown as Cluster;
/** What the job's container writes. */
let writeLog: Cluster["streamLog"] = async function* () {};
const settings = loadSettings(processorSettings, {
  ENVIRONMENT: "dev",
  DATABASE_URL: database,
  LOG_LEVEL: "silent",
});
const processor = await buildProcessor(settings, {
  store,
  cluster,
  processor: { isReady: true },
  logger: createLogger(settings, { write() {} }),
  metrics: createMetrics(settings),
  pace: { pulse: { everyMs: 300, patienceMs: 300, pings: 5 }, standingMs: 50, followMs: 20 },
});
await processor.listen({ host: "127.0.0.1", port: 0 });
const { port: processorPort } = processor.server.address() as AddressInfo;
const jobs = await startJobs(world, database, {
  env: {
    PROCESSOR_SERVICE_URL: `http://127.0.0.1:${processorPort}`,
    TUNNELS_PER_USER: "100",
  },
});
const gateways: Gateway[] = [];
const endings: (() => unknown)[] = [];
const scope = { after: (end: unknown) => void endings.push(end as () => unknown) };
const aux = await startUpstream(scope, json({ ok: true }));
async function gatewayOf(): Promise<Gateway> {
  const one = await startGateway(scope, aux.url, { JOBS_SERVICE_URL: jobs.url });
  gateways.push(one);
  return one;
}
const gateway = await gatewayOf();
world.closers.push(async () => {
  for (const socket of pods) socket.destroy();
  for (const end of endings.reverse()) await end();
  processor.server.closeAllConnections();
  await Promise.all([processor.close(), processor.tunnels.drain(0)]);
  await store.close();
  pod.close();
});

const key = await jobs.login();

async function activeJob(ports: number[] = [], as = key): Promise<string> {
  const submitted = await jobs.ask("POST", "/v1/jobs/submit", {
    key: as,
    body: { image: "x:1", instance_type: "p5.48xlarge", env_vars: { GPU_COUNT: "1" }, ports },
  });
  assert.equal(submitted.status, 200, JSON.stringify(submitted.body));
  const id: string = submitted.body.job_id;
  await jobs.db.query(
    `INSERT INTO job_pods (reservation_id, generation, node_index, pod_name, node_name, gpus, pod_uid)
     VALUES ($1::varchar, 1, 0, 'pod-' || $1, 'n1', 0, 'uid-' || $1)`,
    [id],
  );
  await activate(jobs.db, id);
  return id;
}

const clientOf = (id: string, { port = 22, as = key, at = gateway } = {}) => {
  const ws = new WebSocket(`ws://127.0.0.1:${at.port}/v1/jobs/${id}/tunnel?port=${port}`, {
    perMessageDeflate: false,
    headers: { authorization: `Bearer ${as}` },
  });
  ws.on("error", () => {});
  return ws;
};

async function open(...asked: Parameters<typeof clientOf>): Promise<WebSocket> {
  const ws = clientOf(...asked);
  ws.once("unexpected-response", (_, { statusCode }: IncomingMessage) =>
    ws.emit("error", new Error(`answered ${statusCode}`)),
  );
  await once(ws, "open");
  return ws;
}

async function refusalOf(...asked: Parameters<typeof clientOf>) {
  const ws = clientOf(...asked);
  const [, answer] = (await once(ws, "unexpected-response")) as [unknown, IncomingMessage];
  let text = "";
  for await (const part of answer) text += part;
  assert.match(answer.headers["content-type"] ?? "", /^application\/problem\+json/, text);
  return [answer.statusCode, JSON.parse(text).code];
}

const closeOf = async (ws: WebSocket): Promise<number> => {
  const [code] = (await once(ws, "close")) as [number];
  return code;
};

async function until(condition: () => unknown): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`never: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Sends all of it and takes as much back. */
async function echo(ws: WebSocket, sent: Buffer): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  const all = new Promise<void>((resolve) => {
    ws.on("message", (data: Buffer) => {
      parts.push(data);
      size += data.length;
      if (size === sent.length) resolve();
    });
  });
  for (let at = 0; at < sent.length; at += 50_000) ws.send(sent.subarray(at, at + 50_000));
  await all;
  return Buffer.concat(parts);
}

const hashOf = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const echoing = (socket: Socket) => void socket.pipe(socket);

test("bytes are equal both ways; logs and audit tell of it once, with its bytes", async () => {
  serve = echoing;
  const id = await activeJob([5000]);
  const ws = await open(id);
  const sent = randomBytes(4_000_000);
  assert.equal(hashOf(await echo(ws, sent)), hashOf(sent));
  assert.equal(asked.at(-1), 2222, "port 22 is the pod's 2222");
  ws.close(1000);
  await closeOf(ws);
  for (const port of [8888, 5000]) {
    const other = await open(id, { port });
    assert.equal(asked.at(-1), port);
    other.close();
    await closeOf(other);
  }
  await until(() => pods.size === 0);
  const audits = () =>
    jobs.lines
      .map((line) => JSON.parse(line))
      .filter(({ audit, event, job_id }) => audit && /^tunnel/.test(event) && job_id === id);
  await until(() => audits().length === 6);
  const [opened, closed] = audits();
  assert.deepEqual([opened.event, opened.port], ["tunnel_opened", 22]);
  assert.equal(closed.event, "tunnel_closed");
  assert.ok(closed.sent_bytes >= 4_000_000 && closed.received_bytes >= 4_000_000);
  const told = () =>
    gateway.lines.filter(
      ({ msg, status, path }) => msg === "request" && status === 101 && String(path).includes(id),
    );
  await until(() => told().length === 3);
  assert.ok(Number(told()[0]?.sent_bytes) >= 4_000_000, JSON.stringify(told()));
  const shown = await jobs.ask("GET", `/v1/jobs/${id}`, { key });
  assert.deepEqual(shown.body.ports, [5000]);
});

test("whoever may not, or asks for what is not there, is refused before 101 with a problem", async () => {
  const id = await activeJob();
  const other = await jobs.login(KNOWN_SESSIONS.otherGpuUser);
  assert.deepEqual(await refusalOf(id, { as: "nonsense" }), [401, "api_key_malformed"]);
  assert.deepEqual(await refusalOf(id, { as: other }), [404, "job_not_found"]);
  assert.deepEqual(await refusalOf("unknown-0001"), [404, "job_not_found"]);
  assert.deepEqual(await refusalOf(id, { port: 6000 }), [403, "port_not_declared"]);
  assert.deepEqual(await refusalOf(id, { port: 70_000 }), [400, "bad_request"]);
  const waiting = await jobs.ask("POST", "/v1/jobs/submit", {
    key,
    body: { image: "x:1", instance_type: "p5.48xlarge", env_vars: { GPU_COUNT: "1" } },
  });
  assert.deepEqual(await refusalOf(waiting.body.job_id), [409, "job_not_active"]);
  await jobs.ask("POST", `/v1/jobs/${waiting.body.job_id}/cancel`, { key });
  assert.deepEqual(await refusalOf(waiting.body.job_id), [409, "job_ended"]);
  const revoked = await jobs.login(KNOWN_SESSIONS.otherGpuUser);
  const keys = await jobs.ask("GET", "/v1/keys", { key: revoked });
  for (const { key_prefix } of keys.body.keys) {
    if (revoked.startsWith(key_prefix)) continue;
    await jobs.ask("DELETE", `/v1/keys/${key_prefix}`, { key: revoked });
  }
  // a key that was good is believed for a second
  await until(async () => (await refusalOf(id, { as: other }))[1] === "api_key_revoked");
  const plain = await fetch(`${gateway.url}/v1/jobs/${id}/tunnel?port=22`, {
    headers: { authorization: `Bearer ${key}` },
  });
  assert.equal(plain.status, 426);
  assert.equal(pods.size, 0);
});

test("a hundred at once, and one more is 429; all that they had is given back", async () => {
  serve = echoing;
  const id = await activeJob();
  const all = await Promise.all(Array.from({ length: 100 }, () => open(id)));
  assert.deepEqual(await refusalOf(id), [429, "too_many_at_once"]);
  const words = await Promise.all(
    all.map(async (ws, n) => String(await echo(ws, Buffer.from(`hello ${n}`)))),
  );
  assert.deepEqual(
    words,
    all.map((_, n) => `hello ${n}`),
  );
  for (const ws of all) ws.close();
  await Promise.all(all.map(closeOf));
  await until(() => pods.size === 0);
  await until(async () => (await gateway.metric("airlock_http_requests_waiting")) === 0);
  (await open(id)).terminate();
  await until(() => pods.size === 0);
});

test("it ends with 4403 when its key is revoked, and with 4404 when its job is over", async () => {
  serve = echoing;
  const as = await jobs.login();
  const [first, second] = [await activeJob(), await activeJob()];
  const [doomed, ending] = [await open(first, { as }), await open(second)];
  const keys = await jobs.ask("GET", "/v1/keys", { key });
  const { key_prefix } = keys.body.keys.find((one: { key_prefix: string }) =>
    as.startsWith(one.key_prefix),
  );
  assert.equal((await jobs.ask("DELETE", `/v1/keys/${key_prefix}`, { key })).status, 200);
  assert.equal(await closeOf(doomed), 4403);
  const event = { kind: "done", actor: "processor" } as const;
  await moveJob(jobs.db, { reservationId: second, from: ["active"], to: "completed", event });
  assert.equal(await closeOf(ending), 4404);
});

test("a gateway that stops tells its clients 1001; those of another one stay", async () => {
  serve = echoing;
  const other = await gatewayOf();
  const id = await activeJob();
  const [told, kept] = [await open(id, { at: other }), await open(id)];
  const closed = closeOf(told);
  await other.drain();
  assert.equal(await closed, 1001);
  assert.equal(String(await echo(kept, Buffer.from("still here"))), "still here");
  kept.terminate();
  await until(() => pods.size === 0);
});

test("a client that leaves while the pod does not read frees everything within a ping", async () => {
  serve = (socket) => void socket.pause();
  const id = await activeJob();
  const ws = await open(id);
  const block = Buffer.alloc(65_536);
  // until nothing on the way takes more
  for (let before = -1; before !== ws.bufferedAmount; ) {
    while (ws.bufferedAmount < 16 * block.length) ws.send(block);
    before = ws.bufferedAmount;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  ws.terminate();
  await until(async () => (await gateway.metric("airlock_http_requests_waiting")) === 0);
  // it learns of it when it reads
  for (const socket of pods) socket.resume();
  await until(() => pods.size === 0);
});

test("a reader that stops holds the pod back, and costs no memory on the way", async () => {
  let written = 0;
  serve = (socket) => {
    const block = Buffer.alloc(1_048_576);
    const write = () => {
      while (!socket.destroyed && written < 1000 * block.length) {
        written += block.length;
        if (!socket.write(block)) return;
      }
    };
    socket.on("drain", write);
    write();
  };
  const ws = await open(await activeJob());
  ws.pause();
  const rss = process.memoryUsage().rss;
  let before = -1;
  while (before !== written) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  assert.ok(written < 100 * 1_048_576, `${written} bytes were taken of the pod`);
  assert.ok(process.memoryUsage().rss - rss < 150 * 1_048_576);
  ws.terminate();
  await until(() => pods.size === 0);
});

/** A log that is followed, as its client reads it. */
async function follow(id: string, { as = key, at = gateway } = {}) {
  const response = await fetch(`${at.url}/v1/jobs/${id}/logs?follow=true`, {
    headers: { authorization: `Bearer ${as}` },
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  assert.ok(reader);
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    /** Undefined at its end; rejects where it breaks off. */
    next: async () => (await reader.read()).value,
  };
}

/** A container that writes what it is told to. */
function writer() {
  const lines: string[] = [];
  let wake = () => {};
  let isOver = false;
  writeLog = async function* (_pod, _query, signal) {
    for (;;) {
      const line = lines.shift();
      if (line !== undefined) yield Buffer.from(line);
      else if (isOver) return;
      else {
        await new Promise<void>((resolve, reject) => {
          wake = resolve;
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        });
      }
    }
  };
  return {
    write: (line: string) => {
      lines.push(line);
      wake();
    },
    end: () => {
      isOver = true;
      wake();
    },
  };
}

test("a log is followed from before the job runs to its end, as it is written", async () => {
  const { write, end } = writer();
  const submitted = await jobs.ask("POST", "/v1/jobs/submit", {
    key,
    body: { image: "x:1", instance_type: "p5.48xlarge", env_vars: { GPU_COUNT: "1" } },
  });
  const id: string = submitted.body.job_id;
  // its head is here before there is anything to read
  const log = await follow(id);
  assert.equal(log.status, 200);
  assert.match(log.type ?? "", /^text\/plain/);
  await jobs.db.query(
    `INSERT INTO job_pods (reservation_id, generation, node_index, pod_name, node_name, gpus, pod_uid)
     VALUES ($1::varchar, 1, 0, 'pod-' || $1, 'n1', 0, 'uid-' || $1)`,
    [id],
  );
  for (const line of ["one\n", "two\n"]) {
    write(line);
    assert.equal(await log.next(), line);
  }
  end();
  assert.equal(await log.next(), undefined);
});

test("a followed log breaks off when its key is revoked, and when a gateway stops", async () => {
  writer();
  const as = await jobs.login();
  const id = await activeJob();
  const other = await gatewayOf();
  const [revoked, stopped] = [await follow(id, { as }), await follow(id, { at: other })];
  const ends = [assert.rejects(revoked.next()), assert.rejects(stopped.next())];
  const keys = await jobs.ask("GET", "/v1/keys", { key });
  const { key_prefix } = keys.body.keys.find((one: { key_prefix: string }) =>
    as.startsWith(one.key_prefix),
  );
  await jobs.ask("DELETE", `/v1/keys/${key_prefix}`, { key });
  await Promise.all([...ends, other.drain()]);
});
