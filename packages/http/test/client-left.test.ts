/** Clients that leave while their requests wait for something else: nothing is held or done for them afterwards. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { clientLeft, whenClosed } from "@airlock/http";
import { open, startApp, until } from "./app-harness.ts";

test("an end is told once, whether it is still to come or has been", () => {
  for (const destroyed of [false, true]) {
    const one = Object.assign(new EventEmitter(), { destroyed });
    let told = 0;
    whenClosed(one, () => told++);
    assert.equal(told, destroyed ? 1 : 0);
    one.emit("close");
    one.emit("close");
    assert.equal(told, 1);
  }
});

test("a handler that has waited learns that its client has left meanwhile", async (t) => {
  let go = () => {};
  let told: readonly boolean[] | undefined;
  const { port, samples } = await startApp(t, (app) => {
    app.get("/late", async (_request, reply) => {
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      told = [reply.raw.destroyed, clientLeft(reply).aborted];
      return {};
    });
  });
  const inFlight = () => samples("airlock_http_requests_in_flight");
  const client = await open(t, port);
  client.write("GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await until(async () => (await inFlight())[0]?.endsWith(" 1"));
  client.destroy();
  await until(async () => (await inFlight())[0]?.endsWith(" 0"));
  go();
  await until(() => told);
  assert.deepEqual(told, [true, true]);
});
