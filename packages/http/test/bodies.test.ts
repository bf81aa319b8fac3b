/** Bodies that nobody takes, and bodies that come slowly: what each client is told, and what its connection is good for then. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import { after, test } from "node:test";
import * as z from "zod";
import type { App } from "../src/app-type.ts";
import { watchArrivals } from "../src/arrivals.ts";
import { open, startApp, until } from "./app-harness.ts";
import { sendRaw } from "./raw-client.ts";

const begun = Promise.withResolvers<void>();
const small = await startApp(
  { after: (release: unknown) => after(release as () => Promise<void>) },
  (app) => {
    app.get("/a", async () => ({ ok: true }));
    app.post("/wanted", { schema: { body: z.object({}) } }, async () => ({ ok: true }));
    const onRequest = (_request: unknown, _reply: unknown, done: (error: Error) => void) =>
      done(Object.assign(new Error("no"), { statusCode: 401 }));
    app.post("/refused", { schema: { body: z.object({}) }, onRequest }, async () => ({}));
    app.get("/gone", async (_request, reply) => {
      begun.resolve();
      await new Promise((resolve) => reply.raw.once("close", resolve));
      throw Object.assign(new Error("This operation was aborted"), { name: "AbortError" });
    });
  },
);

const JSON_HEAD = "Host: localhost\r\nContent-Type: application/json\r\n";
const NEXT = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n";
/** More than the buffers of both sides hold. */
const LARGE = Buffer.alloc(20_000_000, "x");

const chunked = (body: Buffer) =>
  Buffer.concat([
    Buffer.from(`${body.length.toString(16)}\r\n`),
    body,
    Buffer.from("\r\n0\r\n\r\n"),
  ]);

for (const [name, target, ofLength, ofChunks] of [
  ["a path without a body", "POST /a", [413, 200], [413, 200]],
  ["GET", "GET /a", [413, 200], [413, 200]],
  ["a path that takes less", "POST /wanted", [413, 200], [413]], // Fastify closes behind what it cannot read
  ["somebody who is not let in", "POST /refused", [413, 200], [400, 200]],
  ["no path at all", "POST /none", [413, 200], [413, 200]],
] as const) {
  test(`20 MB for ${name}: one answer, and read to the end, so that the next request has its own`, async () => {
    for (const [head, body, statuses] of [
      [`Content-Length: ${LARGE.length}\r\n`, LARGE, ofLength],
      ["Transfer-Encoding: chunked\r\n", chunked(LARGE), ofChunks],
    ] as const) {
      const bytes = [`${target} HTTP/1.1\r\n${JSON_HEAD}${head}\r\n`, body, NEXT];
      const { responses } = await sendRaw(small.port, bytes, 2000);
      const seen = responses.map(({ status }) => status);
      assert.deepEqual(seen, statuses);
    }
  });
}

test("who asks whether to go on with too much is told 413 at once, and not to go on", async () => {
  const head = `${JSON_HEAD}Content-Length: 70000\r\nExpect: 100-continue\r\n\r\n`;
  const { text, wasClosed } = await sendRaw(small.port, `POST /wanted HTTP/1.1\r\n${head}`, 5000);
  assert.match(text, /^HTTP\/1\.1 413 /);
  assert.ok(wasClosed);
});

test("who sends a little of too much and no more is answered all the same", async () => {
  const head = `${JSON_HEAD}Content-Length: 70000\r\n\r\n{`;
  const { responses, wasClosed } = await sendRaw(
    small.port,
    `POST /wanted HTTP/1.1\r\n${head}`,
    5000,
  );
  assert.deepEqual([responses.map(({ status }) => status), wasClosed], [[413], true]);
});

test("a body may be slow, but not silent", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let nowMs = 0;
  const late: unknown[] = [];
  const server = new EventEmitter().on("clientError", ({ code }, { name }) =>
    late.push([code, name]),
  );
  const arriving = watchArrivals({ server, addHook() {} } as unknown as App, () => nowMs);
  const slow = { socket: { name: "slow", bytesRead: 0 } };
  const silent = { socket: { name: "silent", bytesRead: 100 } };
  for (const raw of [slow, silent]) arriving.add(raw as unknown as IncomingMessage);
  const pass = (ms: number) => {
    for (const end = nowMs + ms; nowMs < end; ) {
      nowMs += 500;
      slow.socket.bytesRead += 32;
      t.mock.timers.tick(500);
    }
  };
  pass(9000);
  assert.deepEqual(late, []);
  pass(1000);
  assert.deepEqual(late, [["ERR_HTTP_REQUEST_TIMEOUT", "silent"]]);
  arriving.delete(silent as unknown as IncomingMessage);
  pass(60_000);
  assert.equal(late.length, 1);
});

test("a client that leaves is no error of ours", async (t) => {
  const socket = await open(t, small.port);
  socket.write("GET /gone HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await begun.promise;
  socket.destroy();
  await until(() => small.lines.some(({ path, status }) => path === "/gone" && status === 499));
  const told = small.lines.filter(({ code }) => code === "internal_error");
  assert.deepEqual(
    told.map(({ level }) => level),
    ["debug"],
  );
});

test("a body that no connection has brought is read whole, and its answer waits for nothing", async (t) => {
  // what would end the wait never comes
  t.mock.timers.enable({ apis: ["setTimeout"] });
  for (const [url, status] of [
    ["/wanted", 200],
    ["/refused", 400],
  ] as const) {
    const answer = await small.app.inject({ method: "POST", url, payload: {} });
    assert.equal(answer.statusCode, status, answer.body);
  }
});
