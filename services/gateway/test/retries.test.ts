/** What is sent again: a read, and whatever was never sent. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { type Gateway, get, json, startGateway, startUpstream, until } from "./harness.ts";

function post(gateway: Gateway, path: string, body: object): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const options = { port: gateway.port, path, method: "POST", headers, agent: false };
    const sent = request(options, (incoming) => {
      incoming.resume().on("end", () => resolve(incoming.statusCode ?? 0));
    });
    sent.on("error", reject).end(JSON.stringify(body));
  });
}

test("a batch is a read: reset before the first byte it is sent again", async (t) => {
  const upstream = await startUpstream(t, (incoming, response) => {
    if (upstream.requests.length === 1) incoming.socket.resetAndDestroy();
    else json({ parameters: [] })(incoming, response);
  });
  const gateway = await startGateway(t, upstream.url);
  assert.equal(await post(gateway, "/config/batch", { names: ["/a"] }), 200);
  assert.equal(upstream.requests.length, 2);
});

for (const path of ["/v1/auth/aws-login", "/v1/keys/rotate", "/v1/jobs/submit"]) {
  test(`POST ${path} that was never sent is tried again; one that may have arrived is not`, async (t) => {
    const upstream = await startUpstream(t, (incoming) => incoming.socket.resetAndDestroy());
    const gateway = await startGateway(t, upstream.url, { JOBS_SERVICE_URL: upstream.url });
    assert.equal(await post(gateway, path, {}), 502);
    assert.equal(upstream.requests.length, 1);
    assert.equal(await gateway.metric("airlock_upstream_retries_total"), 0);
    await upstream.close();
    assert.equal(await post(gateway, path, {}), 503);
    assert.equal(await gateway.metric("airlock_upstream_retries_total"), 1);
  });
}

test("a call that was sent twice has one outcome", async (t) => {
  const upstream = await startUpstream(t, (incoming, response) => {
    if (upstream.requests.length === 1) incoming.socket.resetAndDestroy();
    else json({})(incoming, response);
  });
  const gateway = await startGateway(t, upstream.url);
  assert.equal((await get(gateway.url, "/config/a")).status, 200);
  assert.equal(await gateway.metric("airlock_upstream_retries_total"), 1);
  assert.deepEqual(await gateway.outcomes(), { "2xx": 1 });
});

test("a list too large to share has what is left of the time, not all of it anew", async (t) => {
  const body = JSON.stringify({ large: "x".repeat(2_000_000) });
  const upstream = await startUpstream(t, (_incoming, response) => {
    // one call for both, which goes to the first; the second one's own call hangs
    if (upstream.requests.length > 1) return;
    response.setHeader("content-type", "application/json").setHeader("content-length", body.length);
    setTimeout(() => response.end(body), 100);
  });
  const gateway = await startGateway(t, upstream.url);
  const clock = performance.now.bind(performance);
  let passedMs = 0;
  t.mock.method(performance, "now", () => clock() + passedMs);
  const first = get(gateway.url, "/config");
  await until(() => upstream.requests.length === 1);
  const second = get(gateway.url, "/config");
  await until(async () => (await gateway.metric("airlock_upstream_shared_requests_total")) === 1);
  passedMs = 24_400;
  assert.equal((await first).status, 200);
  await until(() => upstream.requests.length === 2);
  let status: number | undefined;
  void second.then((reply) => {
    status = reply.status;
  });
  await until(() => status !== undefined);
  assert.equal(status, 504);
});

test("an object that breaks off is the upstream's doing: its line says 502, not that the client left", async (t) => {
  const upstream = await startUpstream(t, (_incoming, response) => {
    response.writeHead(200, { "content-length": "1000000" });
    response.write("x".repeat(100_000), () => setTimeout(() => response.destroy(), 20));
  });
  const gateway = await startGateway(t, upstream.url);
  await assert.rejects(get(gateway.url, "/storage/my-bucket/a"));
  await until(() => gateway.lines.some(({ msg }) => msg === "request"));
  const line = gateway.lines.find(({ msg }) => msg === "request");
  assert.equal(line?.status, 502);
  assert.deepEqual(await gateway.outcomes(), { broken: 1 });
});

test("a value whose body stalls is late: its client was there all the time", async (t) => {
  const upstream = await startUpstream(t, (_incoming, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half");
  });
  const gateway = await startGateway(t, upstream.url);
  assert.equal((await get(gateway.url, "/config/a")).status, 504);
  assert.deepEqual(await gateway.outcomes(), { late: 1 });
  assert.equal(await gateway.metric("airlock_upstream_breaker_open"), 0);
});
