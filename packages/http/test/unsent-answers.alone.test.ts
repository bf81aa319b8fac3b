/** Answers that nobody takes: together they hold no more memory than one bound, for long. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { trackConnections } from "../src/connections.ts";
import { answerInOrder, oneAtATime } from "../src/pipelining.ts";
import { boundUnsentAnswers } from "../src/unsent-answers.ts";
import { open, startApp, until } from "./app-harness.ts";
import { get } from "./harness.ts";

const MIB = 1_048_576;
const GET = "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";

test("clients that take nothing of large answers are cut at once when these are too many, and no other", async (t) => {
  const { port, app, samples } = await startApp(t, (routes) => {
    routes.get("/large", async () => Buffer.alloc(12 * MIB));
  });
  const sockets = new Set<import("node:net").Socket>();
  app.server.on("connection", (socket) => sockets.add(socket));
  const cut = async () => {
    const [sample = ""] = await samples("airlock_http_slow_readers_total");
    return Number(sample.split(" ")[1]);
  };
  const unsent = () => [...sockets].reduce((sum, { writableLength }) => sum + writableLength, 0);
  const startedAt = performance.now();
  for (let n = 0; n < 10; n++) {
    const socket = await open(t, port);
    socket.pause();
    socket.write(GET);
  }
  const whole = await get(port, "/large");
  assert.deepEqual([whole.status, whole.body.length], [200, 12 * MIB]);
  await until(() => unsent() > 0 && unsent() <= 16 * MIB);
  assert.ok(performance.now() - startedAt < 10_000, "none of them was too slow by itself yet");
  assert.equal(await cut(), 9, "one of them is within the bound");
  assert.equal((await get(port, "/large")).body.length, 12 * MIB);
});

test("so are many with small answers, each with one at a time; who reads is left alone", async (t) => {
  const server = createServer(
    oneAtATime(() => false),
    (_request, response) => response.end(Buffer.alloc(60_000)),
  );
  answerInOrder(server, () => {});
  const connections = trackConnections(server);
  let cut = 0;
  const stop = boundUnsentAnswers(
    connections,
    ({ socket }) => {
      cut++;
      socket.destroy();
    },
    200_000,
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    stop();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  for (let n = 0; n < 8; n++) {
    const socket = await open(t, port);
    socket.pause();
    socket.write(GET.repeat(150)); // more than all buffers on the way hold
  }
  const unsent = () => [...connections].reduce((sum, { socket }) => sum + socket.writableLength, 0);
  await until(() => cut >= 5 && unsent() <= 200_000);
  assert.equal((await get(port, "/large")).body.length, 60_000);
});
