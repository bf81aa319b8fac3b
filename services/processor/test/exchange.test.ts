/** A call's time is over by the clock, whatever its process was doing meanwhile: what comes too late is not sent. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Dispatcher } from "undici";
import { exchange } from "../src/cluster/exchange.ts";
import { createKubeCluster, keepAccess, type ReadAccess } from "../src/cluster/index.ts";

/** As SIGSTOP does: nothing runs, not even timers. */
const stopFor = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

test("a process that was stopped does not send what it had been about to", async () => {
  let isSent = false;
  const dispatch: Dispatcher["dispatch"] = (_options, handler) => {
    // a connection is free: that is told before any timer
    stopFor(30);
    const controller = {} as Dispatcher.DispatchController;
    try {
      handler.onRequestStart?.(controller, {});
      isSent = true;
    } catch (error) {
      handler.onResponseError?.(controller, error as Error);
    }
    return true;
  };
  const endsAtMs = performance.now() + 10;
  const call = { method: "POST", path: "/", headers: {}, endsAtMs, maxBytes: 1 } as const;
  await assert.rejects(exchange({ dispatch } as Dispatcher, call), { why: "late", wasSent: false });
  assert.equal(isSent, false);
});

for (const [what, read, heard] of [
  ["to learn who asks", async () => void (await sleep(1000)), 0],
  ["to ask as somebody else", async (isRefused) => isRefused && (await sleep(1000)), 1],
] as const satisfies [string, (isRefused: boolean) => Promise<unknown>, number][]) {
  test(`the time that it takes ${what} is the call's`, async (t) => {
    const server = await refusingServer(t);
    const readAccess: ReadAccess = async (isRefused) => {
      await read(isRefused);
      return { server: server.url, tls: {}, authorization: isRefused ? "Bearer b" : "Bearer a" };
    };
    const access = keepAccess(readAccess);
    const cluster = createKubeCluster({ access, namespace: "jobs", timeoutMs: 700 });
    t.after(() => cluster.close());
    await assert.rejects(cluster.create("secrets", { metadata: { name: "s" } }), {
      message: "The API server is not reached in time.",
    });
    assert.equal(server.heard.length, heard);
  });
}

async function refusingServer(t: TestContext) {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    heard.push(request.method ?? "");
    response.writeHead(401, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { heard, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
