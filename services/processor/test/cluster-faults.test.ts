/** What callers of the cluster hear when calls are lost, late, refused or too large; and that nothing is done twice. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { type FaultInput, startLocalKubernetes } from "@airlock/local-kubernetes";
import {
  type CallRecord,
  type Cluster,
  ClusterError,
  createKubeCluster,
  keepAccess,
} from "../src/cluster/index.ts";

const SECRET = { metadata: { name: "s" }, stringData: { key: "hunter2" } };

function clusterAt(t: TestContext, server: string, options: { timeoutMs?: number } = {}) {
  const calls: CallRecord[] = [];
  const cluster = createKubeCluster({
    access: keepAccess(async () => ({ server, tls: {}, authorization: undefined })),
    namespace: "jobs",
    onCall: (record) => void calls.push(record),
    ...options,
  });
  t.after(() => cluster.close());
  return { cluster, calls };
}

async function withFaults(t: TestContext, ...faults: FaultInput[]) {
  const local = await startLocalKubernetes({ hasKubelet: false });
  t.after(() => local.close());
  local.faults.set(faults);
  return { local, ...clusterAt(t, local.url, { timeoutMs: 1000 }) };
}

async function serverOf(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function errorOf(work: Promise<unknown>): Promise<ClusterError> {
  const error = await work.then(
    (value) => assert.fail(`went well: ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ClusterError, String(error));
  assert.doesNotMatch(error.message, /hunter2|aHVudGVyMg|127\.0\.0\.1/);
  return error;
}

for (const [what, fault, isDone] of [
  ["an answer that is lost", { fault: "lostAnswer", verb: "create" }, true],
  ["a request that is lost on its way", { fault: "lostRequest", verb: "create" }, false],
  ["an answer that is late", { fault: "lateAnswer", verb: "create", delayMs: 5000 }, true],
  ["no answer at all", { fault: "hang", verb: "create" }, false],
  ["a 500", { fault: "error", verb: "create" }, false],
] as const) {
  test(`of a change with ${what} the outcome is not known, and it is sent once`, async (t) => {
    const { local, cluster } = await withFaults(t, fault);
    const error = await errorOf(cluster.create("secrets", SECRET));
    assert.equal(error.kind, "outcome_unknown", error.message);
    assert.ok(error.isDoubtful);
    assert.match(error.message, /create the Secret s.*not known/);
    assert.equal(local.requests.creations("secrets").length, isDone ? 1 : 0);
    assert.equal(local.requests.list().length, 1);
  });
}

test("a change that nobody has taken is known not to be done", async (t) => {
  const server = await serverOf(t, () => {});
  const { cluster } = clusterAt(t, server.replace(/\d+$/, "9"));
  const error = await errorOf(cluster.create("secrets", SECRET));
  assert.equal(error.kind, "unavailable");
  assert.equal(error.isDoubtful, false);
  assert.match(error.message, /cannot be reached \(ECONNREFUSED\)/);
});

test("a read whose connection broke is made once more, and then given up", async (t) => {
  const { local, cluster } = await withFaults(t, { fault: "lostAnswer", verb: "list", count: 1 });
  assert.deepEqual(await cluster.list("pods"), []);
  local.faults.set([{ fault: "lostAnswer", verb: "list" }]);
  assert.equal((await errorOf(cluster.list("pods"))).kind, "unavailable");
  assert.equal(local.requests.list().length, 4);
});

test("throttling says how long to wait, a 503 that nothing was done", async (t) => {
  const throttle = { fault: "throttle", retryAfterSeconds: 7, count: 1 } as const;
  const { cluster, calls } = await withFaults(t, throttle, { fault: "error", status: 503 });
  const error = await errorOf(cluster.create("secrets", SECRET));
  assert.deepEqual([error.kind, error.retryAfterMs], ["throttled", 7000]);
  assert.equal((await errorOf(cluster.create("secrets", SECRET))).kind, "unavailable");
  assert.deepEqual(
    calls.map(({ verb, kind, outcome }) => `${verb} ${kind} ${outcome}`),
    ["create secrets throttled", "create secrets unavailable"],
  );
});

test("whoever gives up a call hears their own reason", async (t) => {
  const { cluster } = await withFaults(t, { fault: "hang" });
  const leaving = new AbortController();
  const work = cluster.get("pods", "a", { signal: leaving.signal });
  leaving.abort(new Error("left"));
  await assert.rejects(work, /^Error: left$/);
  await assert.rejects(cluster.get("pods", "a", { signal: leaving.signal }), /^Error: left$/);
});

test("an answer that is no JSON, or has no end, is no answer", async (t) => {
  const server = await serverOf(t, ({ method }, response) => {
    if (method === "POST") response.end("<html>fine</html>");
    else if (method === "GET") {
      const part = Buffer.alloc(1024 * 1024, " ");
      const pour = () => {
        while (!response.destroyed && response.write(part));
        if (!response.destroyed) response.once("drain", pour);
      };
      pour();
    } else response.end('{"kind":');
  });
  const { cluster } = clusterAt(t, server);
  assert.equal((await errorOf(cluster.create("secrets", SECRET))).kind, "outcome_unknown");
  assert.equal((await errorOf(cluster.remove("pods", "a", "u"))).kind, "outcome_unknown");
  assert.equal((await errorOf(cluster.list("pods"))).kind, "too_large");
});

test("a list whose pages lead in a circle has an end", async (t) => {
  const page = { metadata: { resourceVersion: "1", continue: "again" }, items: [] };
  const server = await serverOf(t, (_request, response) => response.end(JSON.stringify(page)));
  const { cluster } = clusterAt(t, server);
  assert.equal((await errorOf(cluster.list("pods"))).kind, "too_large");
});

test("a list whose pages were forgotten meanwhile is asked for at once", async (t) => {
  const asked: string[] = [];
  const server = await serverOf(t, ({ url = "" }, response) => {
    asked.push(url.replace(/^.*\?/, ""));
    if (url.includes("continue")) response.writeHead(410).end(JSON.stringify({ code: 410 }));
    else if (url.includes("limit")) {
      const metadata = { resourceVersion: "5", continue: "next" };
      response.end(JSON.stringify({ metadata, items: [{ metadata: { name: "old" } }] }));
    } else {
      const items = [{ metadata: { name: "a" } }, { metadata: { name: "b" } }];
      response.end(JSON.stringify({ metadata: { resourceVersion: "9" }, items }));
    }
  });
  const { cluster } = clusterAt(t, server);
  const names = (await cluster.list("pods")).map(({ metadata }) => metadata.name);
  assert.deepEqual(names, ["a", "b"]);
  assert.deepEqual(asked.slice(0, 2), ["limit=500", "limit=500&continue=next"]);
});

test("a log that never ends has one here, and one that is read slowly waits", async (t) => {
  const server = await serverOf(t, (_request, response) => {
    const part = Buffer.alloc(64 * 1024, "x");
    const pour = () => {
      while (!response.destroyed && response.write(part));
      if (!response.destroyed) response.once("drain", pour);
    };
    pour();
  });
  const { cluster } = clusterAt(t, server);
  assert.equal((await cluster.readLog("p", { limitBytes: 100_000 })).length, 100_000);
  let sizeBytes = 0;
  for await (const part of cluster.streamLog("p", {}, new AbortController().signal)) {
    sizeBytes += part.length;
    if (sizeBytes > 200_000) break;
  }
  const leaving = new AbortController();
  await assert.rejects(async () => {
    for await (const _part of cluster.streamLog("p", {}, leaving.signal))
      leaving.abort(new Error("left"));
  }, /^Error: left$/);
});

test("closing ends what is under way", async (t) => {
  const { cluster } = await withFaults(t, { fault: "hang" });
  const work = cluster.get("pods", "a", { timeoutMs: 60_000 }).catch((error: unknown) => error);
  const following: ReturnType<Cluster["follow"]> = cluster.follow(
    "pods",
    {},
    {
      changed: () => {},
      removed: () => {},
    },
  );
  await cluster.close();
  assert.ok((await work) instanceof Error);
  await assert.rejects(following.synced);
});
