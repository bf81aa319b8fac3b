/** Connections end after a while: kept-alive ones so that new pods get their share, silent ones so that a process can. */
import assert from "node:assert/strict";
import { Agent } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { commonSettings, loadSettings, serviceName } from "@airlock/config";
import { createLogger, createServer } from "@airlock/http";
import * as z from "zod";
import { open, startApp, until } from "./app-harness.ts";
import { get } from "./harness.ts";

test("an answer on a connection of 45 s ± 20 % ends it", async (t) => {
  const schema = z.object({ SERVICE_NAME: serviceName("aged"), ...commonSettings });
  const settings = loadSettings(schema, {});
  const logger = createLogger(settings, { write() {} });
  const about = { title: "Aged", description: "", version: "0" };
  const app = await createServer({ settings, about, logger, isReady: () => true }, (routes) => {
    routes.get("/fast", async () => ({ ok: true }));
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(async () => {
    agent.destroy();
    await app.close();
  });
  const { port } = app.server.address() as AddressInfo;
  const now = performance.now();
  const clock = t.mock.method(performance, "now", () => now);
  const connection = async () => (await get(port, "/fast", agent)).headers.connection;
  assert.equal(await connection(), "keep-alive");
  clock.mock.mockImplementation(() => now + 35_000);
  assert.equal(await connection(), "keep-alive");
  clock.mock.mockImplementation(() => now + 55_000);
  assert.equal(await connection(), "close");
});

test("a server that closes waits for heads as long as one may take, and for the answers under way", async (t) => {
  const answers: (() => void)[] = [];
  const { app, port } = await startApp(t, (routes) => {
    routes.get("/slow", () => new Promise((resolve) => answers.push(() => resolve({}))));
  });
  const head = "GET /slow HTTP/1.1\r\nHost: localhost\r\n";
  const left: string[] = [];
  for (const sent of ["", head, `${head}\r\n`]) {
    const socket = await open(t, port);
    socket.resume().once("close", () => left.push(sent));
    socket.write(sent);
  }
  await until(() => answers.length === 1);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  app.isDraining = true; // so that what is answered ends with its answer
  const closed = app.close();
  while (app.server.listening) await turn();
  t.mock.timers.tick(4500);
  t.mock.timers.reset();
  await until(() => left.length === 2);
  assert.deepEqual(left.sort(), ["", head]);
  for (const answer of answers) answer();
  await closed;
});
