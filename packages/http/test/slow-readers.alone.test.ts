/** Who takes too little of an answer, and who only seems to. */
import assert from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { type Connection, trackConnections } from "../src/connections.ts";
import { answerInOrder, oneAtATime } from "../src/pipelining.ts";
import { type ReadingPace, watchReaders } from "../src/slow-readers.ts";
import { until } from "./app-harness.ts";

const MIB = 1_048_576;
/** As the real one, ten times as fast. */
const PACE: ReadingPace = {
  bytesPerSecond: 64 * 1024,
  patienceMs: { whole: 1000, streaming: 2500 },
  sweepMs: 50,
};

interface Rig {
  readonly cut: Connection[];
  connect(bytes?: string): Socket;
}

async function start(
  t: TestContext,
  answer: (response: ServerResponse) => void,
  isStreaming = false,
): Promise<Rig> {
  const server = createServer(
    oneAtATime(() => false),
    (_request, response) => answer(response),
  );
  answerInOrder(server, () => {});
  const connections = trackConnections(server);
  server.on("connection", () => {
    for (const connection of connections) connection.isStreaming = isStreaming;
  });
  const cut: Connection[] = [];
  const stop = watchReaders(
    connections,
    (connection) => {
      cut.push(connection);
      connection.socket.resetAndDestroy();
    },
    PACE,
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  t.after(() => {
    stop();
    server.closeAllConnections();
    server.close();
  });
  return {
    cut,
    connect(bytes = "GET / HTTP/1.1\r\nHost: x\r\n\r\n") {
      const socket = connect({ port, host: "127.0.0.1" });
      socket.on("error", () => {}).pause();
      socket.write(bytes);
      t.after(() => socket.destroy());
      return socket;
    },
  };
}

/** Reads so much as long as there is something. */
function readSteadily(socket: Socket, bytesPerSecond: number): { received: () => number } {
  let received = 0;
  const everyMs = 10;
  let due = 0;
  const timer = setInterval(() => {
    due += (bytesPerSecond * everyMs) / 1000;
    const chunk: Buffer | null = socket.read(Math.min(Math.floor(due), socket.readableLength));
    if (chunk === null) return;
    due -= chunk.length;
    received += chunk.length;
  }, everyMs);
  socket.once("close", () => clearInterval(timer));
  return { received: () => received };
}

const large = (response: ServerResponse) => void response.end(Buffer.alloc(24 * MIB));

test("a client that reads nothing of an answer is cut, after its patience", async (t) => {
  const rig = await start(t, large);
  const startedAt = performance.now();
  rig.connect();
  await until(() => rig.cut.length === 1);
  assert.ok(performance.now() - startedAt >= PACE.patienceMs.whole);
});

test("one that reads nothing of a stream is given more time", async (t) => {
  const rig = await start(t, large, true);
  const startedAt = performance.now();
  rig.connect();
  await until(() => rig.cut.length === 1);
  assert.ok(performance.now() - startedAt >= PACE.patienceMs.streaming);
});

test("one that reads, but too little, is cut", async (t) => {
  const rig = await start(t, large);
  readSteadily(rig.connect(), 2000);
  await until(() => rig.cut.length === 1);
});

test("one that reads well is left alone, however seldom the kernel takes more", async (t) => {
  const rig = await start(t, large);
  // of its buffer of 2.5 MiB a third must be free before it takes anything: two seconds' worth
  const { received } = readSteadily(rig.connect(), MIB / 2);
  await until(() => received() > 3 * MIB, 30_000);
  assert.equal(rig.cut.length, 0);
});

test("one that pipelines thousands and reads nothing is cut while the kernel still takes answers", async (t) => {
  const rig = await start(t, (response) => void setTimeout(() => response.end("x".repeat(100)), 5));
  rig.connect("GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(2000));
  await until(() => rig.cut.length === 1);
  assert.equal(rig.cut[0]?.socket.writableLength, 0);
});

test("one that pipelines and reads is left alone", async (t) => {
  const rig = await start(t, (response) => void setTimeout(() => response.end("x"), 20));
  const socket = rig.connect("GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(200));
  socket.resume();
  await new Promise((resolve) => setTimeout(resolve, 4 * PACE.patienceMs.whole));
  assert.equal(rig.cut.length, 0);
});

test("one that waits for its answer is left alone, and so is one that has it", async (t) => {
  const answers: ServerResponse[] = [];
  const rig = await start(t, (response) => void answers.push(response));
  rig.connect();
  await new Promise((resolve) => setTimeout(resolve, 3 * PACE.patienceMs.whole));
  answers[0]?.end("late");
  await new Promise((resolve) => setTimeout(resolve, 3 * PACE.patienceMs.whole));
  assert.equal(rig.cut.length, 0);
});
