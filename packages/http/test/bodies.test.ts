/** Bodies that nobody takes, and bodies that come slowly: what each client is told, and what its connection is good for then. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import { after, test } from "node:test";
import * as z from "zod";
import type { App } from "../src/app-type.ts";
import { watchArrivals } from "../src/arrivals.ts";
import { MAX_BODY_BYTES, WholeBodies } from "../src/whole-bodies.ts";
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
  ["a path that takes less", "POST /wanted", [413, 200], [413, 200]],
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

test("a body in crumbs is read while they are few, and refused with its connection beyond", async () => {
  const crumbs = (count: number) => Buffer.from("1\r\n \r\n".repeat(count));
  for (const [target, few] of [
    ["POST /wanted", 200],
    ["POST /health", 404],
  ] as const) {
    const head = `${target} HTTP/1.1\r\n${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n`;
    const whole = await sendRaw(small.port, [head, crumbs(3000), "0\r\n\r\n"]);
    assert.deepEqual(
      [whole.responses.map(({ status }) => status), whole.wasClosed],
      [[few], false],
    );
    const { responses, wasClosed } = await sendRaw(small.port, [head, crumbs(60_000)], 2000);
    assert.deepEqual([responses.map(({ status }) => status), wasClosed], [[400], true], target);
  }
});

test("a body that never arrives whole is forgotten with its request, however that ends", async (t) => {
  const { inFlight } = small;
  assert.equal(inFlight.arriving, 0);
  const begun = `${JSON_HEAD}Content-Length: 5000\r\n`;
  const ways = [
    `POST /wanted HTTP/1.1\r\n${begun}\r\n{`,
    `POST /refused HTTP/1.1\r\n${begun}\r\n{`,
    `POST /none HTTP/1.1\r\n${begun}\r\n{`,
    `GET /a HTTP/1.1\r\n${begun}\r\n{`,
    `POST /wanted HTTP/1.1\r\n${begun}Content-Encoding: gzip\r\n\r\n{`,
    `POST /wanted HTTP/1.1\r\n${JSON_HEAD}Content-Length: 70000\r\n\r\n{`,
    `POST /wanted HTTP/1.1\r\n${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\nx`,
  ];
  for (const bytes of ways) {
    const client = await open(t, small.port);
    client.on("error", () => {}).write(bytes);
    await until(() => inFlight.arriving === 1 || client.readableLength > 0);
    client.destroy();
    await until(() => inFlight.arriving === 0, 5000).catch(() => assert.fail(bytes));
  }
});

test("the parts of a body are in one piece of memory, in their order", () => {
  const bodies = new WholeBodies(
    () => "one",
    () => assert.fail("there is room"),
  );
  const raw = {} as IncomingMessage;
  for (let part = 0; part < MAX_BODY_BYTES; part++) bodies.add(raw, Buffer.from([part % 251]));
  const whole = bodies.take(raw);
  assert.equal(whole.length, MAX_BODY_BYTES);
  assert.ok(whole.every((byte, at) => byte === at % 251));
  assert.ok(whole.buffer.byteLength <= 2 * MAX_BODY_BYTES);
});

test("beyond what all that arrive may hold, whoever has the most loses what has been arriving longest", () => {
  const ended: IncomingMessage[] = [];
  const of = new Map<IncomingMessage, string>();
  const bodies = new WholeBodies(
    (raw) => of.get(raw) ?? "slow",
    (raw) => ended.push(raw),
    16_384,
  );
  const other = {} as IncomingMessage;
  of.set(other, "other");
  bodies.add(other, Buffer.alloc(100));
  const slow = Array.from({ length: 3 }, () => ({}) as IncomingMessage);
  for (const raw of slow) bodies.add(raw, Buffer.alloc(4096));
  assert.deepEqual(ended, []);
  const quick = {} as IncomingMessage;
  bodies.add(quick, Buffer.alloc(4096));
  assert.deepEqual(ended, slow.slice(0, 1));
  assert.equal(bodies.take(quick).length, 4096);
  assert.equal(bodies.take(other).length, 100);
  for (const raw of slow.slice(1)) assert.equal(bodies.take(raw).length, 4096);
  // what has been taken is not held any more
  for (const raw of slow) bodies.add(raw, Buffer.alloc(4096));
  assert.equal(ended.length, 1);
});

test("what is no text of JSON, or has to be unpacked first, is refused and not changed", async () => {
  const post = async (body: Buffer, more = "") => {
    const head = `POST /wanted HTTP/1.1\r\n${JSON_HEAD}${more}Content-Length: ${body.length}\r\n\r\n`;
    const { responses } = await sendRaw(small.port, [head, body]);
    return responses.map(({ status, body: text }) => [status, JSON.parse(text).code]);
  };
  const latin = Buffer.from('{"name":"caf\xe9"}', "latin1");
  assert.deepEqual(await post(latin), [[400, "bad_request"]]);
  const gzip = "Content-Encoding: gzip\r\n";
  assert.deepEqual(await post(Buffer.from("{}"), gzip), [[415, "unsupported_media_type"]]);
  assert.deepEqual(await post(Buffer.from("{}"), "Content-Encoding: identity\r\n"), [
    [200, undefined],
  ]);
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
