/** Answers that take much room: some find none before they are made, and those that are made arrive whole. */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { test } from "node:test";
import type { FastifyReply, FastifyRequest } from "fastify";
import { AnswerRoom } from "../src/answer-room.ts";
import { open, startApp, until } from "./app-harness.ts";
import { get } from "./harness.ts";

const MIB = 1_048_576;

const requestOf = (holder: string | undefined) =>
  ({ holder, raw: { socket: {} } }) as unknown as FastifyRequest;
const replyTo = (request: FastifyRequest) =>
  ({ raw: new EventEmitter(), request }) as unknown as FastifyReply;
const codeOf = (ask: () => void): unknown => {
  try {
    ask();
    return undefined;
  } catch (problem) {
    return (problem as { code?: unknown }).code;
  }
};

test("one client has half of the room at most, all together no more than there is, and each body counts once", () => {
  const room = new AnswerRoom(1000);
  const [alice, bob, carol] = ["alice", "bob", "carol"].map(requestOf) as [
    FastifyRequest,
    FastifyRequest,
    FastifyRequest,
  ];
  const ask = (request: FastifyRequest, size: number) => codeOf(() => room.demand(request, size));
  assert.equal(ask(alice, 5000), undefined, "where there is nothing else, as large as it likes");
  const first = Buffer.alloc(400);
  const replies = [replyTo(alice), replyTo(alice), replyTo(bob)];
  for (const reply of replies) room.hold(reply, first);
  assert.equal(ask(alice, 101), "too_many_at_once");
  assert.equal(ask(alice, 100), undefined);
  assert.equal(ask(bob, 600), undefined, "its first may be larger than half");
  assert.equal(ask(bob, 601), "overloaded");
  const second = replyTo(bob);
  room.hold(second, Buffer.alloc(600));
  assert.equal(ask(carol, 1), "overloaded");
  assert.equal(ask(bob, 1), "too_many_at_once");
  second.raw.emit("finish");
  second.raw.emit("close");
  assert.equal(ask(carol, 600), undefined);
  for (const reply of replies) {
    assert.equal(ask(carol, 601), "overloaded", "it is still being sent");
    reply.raw.emit("close");
  }
  assert.equal(ask(alice, 5000), undefined);
});

test("a client that left while its answer was made holds nothing", async (t) => {
  const room = new AnswerRoom(1000);
  const made = Promise.withResolvers<void>();
  let [isAsked, isHeld] = [false, false];
  const { app, port } = await startApp(t, (routes) => {
    routes.get("/left", async (_request, reply) => {
      isAsked = true;
      await made.promise;
      const body = Buffer.alloc(1000);
      room.hold(reply, body);
      isHeld = true;
      return body;
    });
  });
  const left = once(app.server, "request").then(([, answer]) => once(answer, "close"));
  const socket = await open(t, port);
  socket.write("GET /left HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await until(() => isAsked);
  socket.destroy();
  await left;
  made.resolve();
  await until(() => isHeld);
  assert.equal(
    codeOf(() => room.demand(requestOf("another"), 1)),
    undefined,
  );
});

test("whoever takes nothing keeps new answers out, and breaks off none that is read", async (t) => {
  const room = new AnswerRoom(40 * MIB);
  let made = 0;
  const { port, samples } = await startApp(t, (app) => {
    app.get("/large", async (request, reply) => {
      room.demand(request, 12 * MIB);
      made++;
      const body = Buffer.alloc(12 * MIB);
      room.hold(reply, body);
      return body;
    });
    app.get("/small", async () => "small");
  });
  const sockets = await Promise.all(Array.from({ length: 10 }, () => open(t, port)));
  for (const socket of sockets) {
    socket.pause();
    socket.write("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  await until(() => made === 3);
  assert.equal((await get(port, "/large")).status, 503);
  assert.equal((await get(port, "/small")).status, 200);
  for (const socket of sockets) socket.destroy();
  const whole = await (async () => {
    for (;;) {
      const answer = await get(port, "/large");
      if (answer.status !== 503) return answer;
    }
  })();
  assert.deepEqual([whole.status, whole.body.length], [200, 12 * MIB]);
  const [cut = ""] = await samples("airlock_http_slow_readers_total");
  assert.equal(Number(cut.split(" ")[1]), 0);
});
