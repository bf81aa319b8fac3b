/** Kept-alive connections end after a while, so that new pods get their share. */
import assert from "node:assert/strict";
import { Agent } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { commonSettings, loadSettings, serviceName } from "@airlock/config";
import { createLogger, createServer } from "@airlock/http";
import * as z from "zod";
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
