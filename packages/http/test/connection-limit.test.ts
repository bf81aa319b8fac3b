/** Too many connections: whoever has the most loses one that does nothing, and nobody else any. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect, Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { limitConnections } from "../src/connection-limit.ts";
import { type Connection, trackConnections } from "../src/connections.ts";
import { answerInOrder, oneAtATime } from "../src/pipelining.ts";
import { until } from "./app-harness.ts";

const MAX = 10;
const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const MANY = "127.0.0.1";
const FEW = "127.0.0.2";

/** Answers what is asked at once, or, while the test says so, never. */
async function start(t: TestContext) {
  const held: ServerResponse[] = [];
  const state = { isHolding: false };
  const server = createServer(
    oneAtATime(() => false),
    (_request, response) => {
      if (state.isHolding) held.push(response);
      else response.end("x");
    },
  );
  answerInOrder(server, () => {});
  const connections = trackConnections(server);
  const ended: Connection[] = [];
  limitConnections(server, {
    max: MAX,
    networkOf: ({ remoteAddress = "" }) => remoteAddress,
    end: (connection) => {
      ended.push(connection);
      connection.socket.destroy();
    },
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const open = async (localAddress: string, bytes = ""): Promise<Socket> => {
    const socket = connect({ port, host: "127.0.0.1", localAddress });
    socket.on("error", () => {}).resume();
    t.after(() => socket.destroy());
    await once(socket, "connect");
    socket.write(bytes);
    return socket;
  };
  const openMany = async (count: number, address = MANY, bytes = "") => {
    const sockets: Socket[] = [];
    for (let n = 0; n < count; n++) sockets.push(await open(address, bytes));
    return sockets;
  };
  return { server, connections, ended, held, state, open, openMany };
}

const answered = async (socket: Socket): Promise<boolean> => {
  socket.write(GET);
  const [bytes] = await Promise.race([once(socket, "data"), once(socket, "close")]);
  return Buffer.isBuffer(bytes) && bytes.toString().startsWith("HTTP/1.1 200 ");
};

test("who has the most loses its oldest; another's connection is made, and stays", async (t) => {
  const { connections, ended, open, openMany } = await start(t);
  const many = await openMany(MAX);
  await until(() => connections.size === MAX);
  const other = await open(FEW);
  assert.equal(await answered(other), true);
  await until(() => connections.size === MAX);
  assert.equal(ended.length, 1);
  await until(() => many[0]?.destroyed === true);
  await openMany(3 * MAX);
  await until(() => ended.length === 1 + 3 * MAX && connections.size === MAX);
  assert.equal(await answered(other), true, "they were taken from whoever opened them");
});

test("one with a request under way is left alone; without another the newest is refused", async (t) => {
  const { connections, ended, held, state, open, openMany } = await start(t);
  state.isHolding = true;
  const busy = await openMany(MAX - 1, MANY, GET);
  const [idle] = await openMany(1);
  await until(() => held.length === MAX - 1);
  const first = await open(FEW, GET);
  await until(() => idle?.destroyed === true && held.length === MAX);
  const second = await open(FEW, GET);
  await until(() => second.destroyed);
  assert.deepEqual([ended.length, first.destroyed], [2, false]);
  for (const response of held) response.end("x");
  await until(() => held.every(({ writableFinished }) => writableFinished));
  assert.deepEqual([connections.size, busy.some(({ destroyed }) => destroyed)], [MAX, false]);
});

test("a request that does not arrive is nothing under way", async (t) => {
  const { connections, ended, state, open, openMany } = await start(t);
  state.isHolding = true;
  await openMany(MAX / 2, MANY, "GET / HTTP/1.1\r\nHo");
  await openMany(MAX / 2, MANY, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx");
  await until(() => connections.size === MAX);
  await new Promise((resolve) => setTimeout(resolve, 50)); // until their bytes have come
  state.isHolding = false;
  const others = [];
  for (let n = 0; n < 4; n++) others.push(await open(FEW));
  for (const other of others) assert.equal(await answered(other), true);
  assert.equal(ended.length, 4);
});

test("a pipelining connection counts once, however often it waits for its turn", async (t) => {
  const { connections, ended, openMany } = await start(t);
  await openMany(MAX, MANY, GET.repeat(20));
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.deepEqual([connections.size, ended.length], [MAX, 0]);
});

test("of many that come before the first of them has closed, each takes the place of another", async (t) => {
  const { server, ended } = await start(t);
  const sockets = Array.from({ length: 3 * MAX }, () => new Socket());
  for (const socket of sockets) server.emit("connection", socket);
  assert.deepEqual([ended.length, new Set(ended).size], [2 * MAX, 2 * MAX]);
  for (const socket of sockets) socket.destroy();
});
