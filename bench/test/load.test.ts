/** The load generator believes no answer: every wrong byte, length and status is noticed. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { test } from "node:test";
import { bodyOf, CASES, type Case, everyName, namesOf } from "../src/cases.ts";
import { runLoad } from "../src/load/run-load.ts";
import { createUpstream } from "../src/load/upstream.ts";

const [small, , , hotLarge] = CASES as [Case, Case, Case, Case];

async function load(server: Server, what: Case): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const slot = { port, prefix: "/parameters/", what, durationMs: 50, connections: 64 };
    return (await runLoad(slot)).requests;
  } finally {
    server.close();
  }
}

/** Gives everybody the same bytes. */
const answering = (text: string) =>
  createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => socket.write(text));
  });

for (const what of [small, hotLarge]) {
  test(`the upstream's own answers are right: ${what.title}`, async () => {
    assert.ok((await load(createUpstream(), what)) >= 64);
  });
}

test("a body that belongs to another key is noticed", async () => {
  const body = bodyOf(everyName(1024)[255] ?? "", 1024);
  const server = answering(`HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n${body}`);
  await assert.rejects(load(server, small), /a body differs/);
});

test("a body of another length is noticed", async () => {
  const server = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
  await assert.rejects(load(server, small), /instead of 200 with 1024 bytes/);
});

test("another status is noticed", async () => {
  const server = answering(
    `HTTP/1.1 503 Service Unavailable\r\ncontent-length: 1024\r\n\r\n${"x".repeat(1024)}`,
  );
  await assert.rejects(load(server, small), /HTTP\/1.1 503/);
});

test("a connection that ends in the middle is noticed", async () => {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 1024\r\n\r\n{"));
  });
  await assert.rejects(load(server, small), /closed in the middle/);
});

test("bodies have their size and differ from key to key; no two connections share a key", () => {
  const names = everyName(1024);
  assert.equal(new Set(names.map((name) => bodyOf(name, 1024).toString())).size, names.length);
  for (const name of names) assert.equal(bodyOf(name, 1024).length, 1024);
  const asked = Array.from({ length: 64 }, (_, connection) => namesOf(small, connection)).flat();
  assert.equal(new Set(asked).size, asked.length);
});
