/** Waiting for a change: one call for all who wait for the same, and an end in time. */
import assert from "node:assert/strict";
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { test } from "node:test";
import {
  after,
  gate,
  get,
  json,
  type Reply,
  type Script,
  startGateway,
  startUpstream,
  until,
} from "./harness.ts";

const KNOWN = { "if-none-match": '"1"' };

const unchanged: Script = (_request, response) =>
  void response.writeHead(304, { etag: '"1"' }).end();

const waitOf = ({ url = "" }: IncomingMessage) => new URL(url, "http://x").searchParams.get("wait");

/** As aux does: 304 once the time that was asked for is over. */
function waitFor(request: IncomingMessage, response: ServerResponse): void {
  const seconds = Number.parseInt(waitOf(request) ?? "0", 10);
  setTimeout(() => unchanged(request, response), seconds * 1000);
}

/** A wait, and how long it took. */
async function timed(
  url: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<Reply & { elapsedMs: number }> {
  const startedAt = performance.now();
  const reply = await get(url, path, { ...KNOWN, ...headers });
  return { ...reply, elapsedMs: performance.now() - startedAt };
}

test("200 clients that wait for 20 names are 20 calls, and all get the change", async (t) => {
  const held = gate();
  const upstream = await startUpstream(t, after(held, json({ value: "new" })));
  const gateway = await startGateway(t, upstream.url, { WAITS_PER_CLIENT: "200" });
  const calls = Array.from({ length: 200 }, (_, i) =>
    get(gateway.url, `/config/name${i % 20}?wait=30s`, KNOWN),
  );
  await until(async () => (await gateway.metric("airlock_upstream_shared_requests_total")) === 180);
  held.open();
  const replies = await Promise.all(calls);
  assert.ok(replies.every(({ status, body }) => status === 200 && body.includes("new")));
  assert.equal(upstream.requests.length, 20);
  assert.equal(upstream.requests[0]?.url, "/parameters/name0?wait=30s");
  assert.equal(upstream.requests[0]?.headers["if-none-match"], '"1"');
});

test("who waits with another ETag waits in another call", async (t) => {
  const held = gate();
  const upstream = await startUpstream(t, after(held, unchanged));
  const gateway = await startGateway(t, upstream.url);
  const calls = ['"1"', '"2"', '"1"'].map((etag) =>
    get(gateway.url, "/config/a?wait=9s", { "if-none-match": etag }),
  );
  await until(async () => (await gateway.metric("airlock_upstream_shared_requests_total")) === 1);
  await until(() => upstream.requests.length === 2);
  held.open();
  for (const { status } of await Promise.all(calls)) assert.equal(status, 304);
});

test("without an ETag there is nothing to wait for", async (t) => {
  const upstream = await startUpstream(t, json({}));
  const gateway = await startGateway(t, upstream.url);
  assert.equal((await get(gateway.url, "/config/a?wait=30s")).status, 200);
  assert.equal(upstream.requests[0]?.url, "/parameters/a");
});

test("a wait of 60 s, the longest that may be asked for, is cut to what fits common proxies", async (t) => {
  const upstream = await startUpstream(t, () => {});
  const usual = await startGateway(t, upstream.url);
  const { signal, abort } = withAbort();
  t.after(abort);
  fetch(`${usual.url}/config/a?wait=60s`, { signal, headers: KNOWN }).catch(() => {});
  await until(() => upstream.requests.length === 1);
  assert.deepEqual(upstream.requests.map(waitOf), ["55s"]);
  upstream.script = waitFor;
  const short = await startGateway(t, upstream.url, { MAX_WAIT_SECONDS: "1" });
  assert.equal((await get(short.url, "/config/a?wait=60s", KNOWN)).status, 304);
  assert.ok(upstream.requests.some((one) => waitOf(one) === "1s"));
});

test("a wait for events of a job is cut as well; what jobs refuses stays as it is", async (t) => {
  const jobs = await startUpstream(t, json({ events: [], next_seq: 2, is_over: false }));
  const gateway = await startGateway(t, jobs.url, { JOBS_SERVICE_URL: jobs.url });
  const path = "/v1/jobs/abc/events";
  for (const [sent, asked] of [
    ["?after=2&wait=60s", "?after=2&wait=55s"],
    ["?wait=60", "?wait=55"],
    ["?wait=9s&after=60", "?wait=9s&after=60"],
    ["?wait=0", "?wait=0"],
    ["?wait=61s", "?wait=61s"],
  ]) {
    const reply = await get(gateway.url, path + sent, { authorization: "Bearer k" });
    assert.equal(reply.status, 200, reply.body);
    assert.equal(jobs.requests.at(-1)?.url, path + asked);
  }
});

for (const [what, headers] of [
  ["never arrives", {}],
  ["never fits", { "if-none-match": '"another"' }],
  ["is no ETag", { "if-none-match": "another" }],
] as const) {
  test(`a loop of waits whose ETag ${what} is answered and slowed`, async (t) => {
    const upstream = await startUpstream(t, json({ value: "same" }));
    const gateway = await startGateway(t, upstream.url);
    let answered = 0;
    const loop = async () => {
      for (;;) {
        const reply = await get(gateway.url, "/config/a?wait=30s", headers);
        assert.equal(reply.status, 200, reply.body);
        answered++;
      }
    };
    const loops = Promise.allSettled([loop(), loop()]);
    const held = async () => (await gateway.metric("airlock_http_requests_waiting")) === 2;
    await until(async () => answered === 10 && (await held()));
    // others, and other names, are not held up
    assert.equal((await get(gateway.url, "/config/b?wait=30s", headers)).status, 200);
    assert.equal((await get(gateway.url, "/config/a")).status, 200);
    await gateway.drain();
    await loops;
    assert.equal(answered, 12);
  });
}

test("who leaves while it is held takes no place any more", async (t) => {
  const upstream = await startUpstream(t, json({}));
  const gateway = await startGateway(t, upstream.url);
  const path = "/config/a?wait=30s";
  for (let n = 0; n < 10; n++) await get(gateway.url, path);
  const client = request(gateway.url + path, { agent: false }).on("error", () => {});
  client.end();
  await until(async () => (await gateway.metric("airlock_http_requests_waiting")) === 1);
  client.destroy();
  await until(async () => (await gateway.metric("airlock_http_requests_waiting")) === 0);
  assert.equal(upstream.requests.length, 10);
});

test("what was held is answered with what there is by then", async (t) => {
  let version = 0;
  const upstream = await startUpstream(t, (request, response) =>
    json({ version: ++version })(request, response),
  );
  const gateway = await startGateway(t, upstream.url);
  const ask = () => get(gateway.url, "/config/a?wait=1s", { "if-none-match": '"x"' });
  for (let n = 0; n < 10; n++) await ask();
  assert.deepEqual(JSON.parse((await ask()).body), { version: upstream.requests.length });
  assert.deepEqual(upstream.requests.slice(10).map(waitOf), ["1s", null]);
});

for (const sent of ['"1-gzip"', 'W/"1-br"', '"0", "1-zstd"']) {
  test(`${sent} of a proxy that compresses is the ETag that it was made of`, async (t) => {
    const upstream = await startUpstream(t, unchanged);
    const gateway = await startGateway(t, upstream.url);
    const headers = { "if-none-match": sent };
    for (const path of ["/config/a?wait=5s", "/config/a", "/storage/data/a"]) {
      assert.equal((await get(gateway.url, path, headers)).status, 304);
      const known = String(upstream.requests.at(-1)?.headers["if-none-match"]);
      assert.match(known, /(^|[ /])"1"$/);
    }
  });
}

test("who came later than the call waits on in the next, until its own time is up, whatever its request id", async (t) => {
  const upstream = await startUpstream(t, waitFor);
  const gateway = await startGateway(t, upstream.url);
  const same = { "x-request-id": "one-for-both" };
  const first = timed(gateway.url, "/config/a?wait=1s", same);
  await until(() => upstream.requests.length === 1);
  const second = timed(gateway.url, "/config/a?wait=2s", same);
  const replies = await Promise.all([first, second]);
  assert.deepEqual(
    replies.map(({ status, headers }) => [status, headers.etag]),
    [
      [304, '"1"'],
      [304, '"1"'],
    ],
  );
  assert.deepEqual(upstream.requests.map(waitOf), ["1s", "1s"]);
  assert.ok(replies[1].elapsedMs > 1500, `${replies[1].elapsedMs} ms`);
});

test("who waits for less than the call leaves it with what there is now", async (t) => {
  const held = gate();
  const upstream = await startUpstream(t, (request, response) => {
    if (waitOf(request)) void held.passed.then(() => json({ value: "new" })(request, response));
    else unchanged(request, response);
  });
  const gateway = await startGateway(t, upstream.url);
  const long = get(gateway.url, "/config/a?wait=30s", KNOWN);
  await until(() => upstream.requests.length === 1);
  const short = await timed(gateway.url, "/config/a?wait=1s");
  assert.equal(short.status, 304);
  assert.ok(short.elapsedMs > 900 && short.elapsedMs < 5 * 2000, `${short.elapsedMs} ms`);
  assert.deepEqual(upstream.requests.map(waitOf), ["30s", null]);
  held.open();
  assert.equal((await long).status, 200);
});

test("each reader may leave alone; the last one ends the call", async (t) => {
  const upstream = await startUpstream(t, () => {});
  const gateway = await startGateway(t, upstream.url);
  const controllers = [new AbortController(), new AbortController()];
  for (const { signal } of controllers) {
    fetch(`${gateway.url}/config/a?wait=30s`, { signal, headers: KNOWN }).catch(() => {});
  }
  await until(async () => (await gateway.metric("airlock_http_requests_waiting")) === 2);
  controllers[0]?.abort();
  await until(async () => (await gateway.metric("airlock_http_requests_waiting")) === 1);
  assert.equal(upstream.sockets.size, 1);
  controllers[1]?.abort();
  await until(() => upstream.sockets.size === 0);
  assert.equal(await gateway.metric("airlock_http_requests_waiting"), 0);
});

test("a gateway that drains answers its waits with what there is, and then closes", async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    if (!waitOf(request)) unchanged(request, response);
  });
  const gateway = await startGateway(t, upstream.url);
  const calls = Array.from({ length: 10 }, () => timed(gateway.url, "/config/a?wait=60s"));
  await until(async () => (await gateway.metric("airlock_http_requests_waiting")) === 10);
  await gateway.drain();
  for (const { status, headers, elapsedMs } of await Promise.all(calls)) {
    assert.deepEqual([status, headers.etag, headers.connection], [304, '"1"', "close"]);
    assert.ok(elapsedMs < 5 * 2000);
  }
});

test("waits take neither the places nor the connections of other requests", async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    if (!waitOf(request)) json({})(request, response);
  });
  const gateway = await startGateway(t, upstream.url, {
    MAX_IN_FLIGHT: "2",
    WAITS_PER_CLIENT: "150",
  });
  const { signal, abort } = withAbort();
  t.after(abort);
  for (let i = 0; i < 150; i++) {
    const path = `/config/a${i}?wait=30s`;
    fetch(gateway.url + path, { signal, headers: KNOWN }).catch(() => {});
    if (i % 2)
      await until(async () => (await gateway.metric("airlock_http_requests_waiting")) === i + 1);
  }
  assert.equal((await get(gateway.url, "/config/a")).status, 200);
  assert.equal(await gateway.metric("airlock_upstream_breaker_open"), 0);
});

function withAbort() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
