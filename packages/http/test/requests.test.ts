/** What is true of every request at every service: ids, logs, metrics, limits. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { get, startFixture } from "./harness.ts";

const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

async function lineOf(lines: readonly Record<string, unknown>[], id: string) {
  for (;;) {
    const line = lines.find((one) => one.request_id === id && one.msg === "request");
    if (line) return line;
    await sleep(10);
  }
}

test("one log line a request, with its id, trace, route, status and duration", async (t) => {
  const { port, lines } = await startFixture(t);
  await get(port, "/fast?key=CANARY", false, { "x-request-id": "one", traceparent: PARENT });
  const line = await lineOf(lines, "one");
  assert.equal(new Date(String(line.time)).toISOString(), line.time);
  assert.deepEqual(
    [line.level, line.service, line.trace_id, line.method, line.route, line.path, line.status],
    ["info", "fixture", "0af7651916cd43dd8448eb211c80319c", "GET", "/fast", "/fast", 200],
  );
  assert.equal(typeof line.duration_ms, "number");
  assert.equal(lines.filter((one) => one.request_id === "one").length, 1);
});

test("a request id that is empty, too long or of other characters is replaced", async (t) => {
  const { port } = await startFixture(t);
  for (const bad of ["", "a b", "x".repeat(65), "a,b", "ü"]) {
    const { headers } = await get(port, "/fast", false, {
      "x-request-id": Buffer.from(bad).toString("latin1"),
    });
    assert.match(String(headers["x-request-id"]), /^[0-9a-f]{8}-[0-9a-f-]{27}$/, bad);
  }
});

test("sampling leaves out successes and never an error", async (t) => {
  const { port, lines } = await startFixture(t, { LOG_SAMPLE: "10" });
  for (let i = 0; i < 20; i++) {
    await get(port, "/fast");
    await get(port, "/nothing");
  }
  await get(port, "/nothing", false, { "x-request-id": "last" });
  await lineOf(lines, "last");
  const count = (status: number) => lines.filter((line) => line.status === status).length;
  assert.equal(count(404), 21);
  assert.equal(lines.filter(({ status, route }) => status === 200 && route === "/fast").length, 2);
});

test("secrets of logged objects and of errors stay out of the log", async (t) => {
  const { port, lines } = await startFixture(t);
  const reply = await get(port, "/secrets", false, { "x-request-id": "s" });
  assert.equal(reply.status, 500);
  assert.equal(JSON.parse(reply.body).code, "internal_error");
  await lineOf(lines, "s");
  assert.ok(!JSON.stringify(lines).includes("CANARY"));
});

test("more than MAX_IN_FLIGHT requests at once: 503 with Retry-After, probes exempt", async (t) => {
  const { port } = await startFixture(t, { MAX_IN_FLIGHT: "2" });
  const slow = [get(port, "/slow"), get(port, "/slow")];
  await sleep(200);
  const startedAt = performance.now();
  const shed = await get(port, "/fast");
  assert.ok(performance.now() - startedAt < 5 * 50);
  assert.equal(shed.status, 503);
  assert.equal(JSON.parse(shed.body).code, "overloaded");
  assert.ok(shed.headers["retry-after"]);
  assert.equal((await get(port, "/readyz")).status, 200);
  for (const reply of await Promise.all(slow)) assert.equal(reply.status, 200);
  assert.equal((await get(port, "/fast")).status, 200);
});

test("requests that wait do not fill MAX_IN_FLIGHT", async (t) => {
  const { port, metricsPort } = await startFixture(t, { MAX_IN_FLIGHT: "2" });
  const sockets = Array.from({ length: 10 }, () => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => {});
    socket.write("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    return socket;
  });
  const isWaiting = async () =>
    (await get(metricsPort, "/metrics")).body.includes(
      'airlock_http_requests_waiting{kind="wait"} 10',
    );
  while (!(await isWaiting())) await sleep(10);
  assert.equal((await get(port, "/fast")).status, 200);
  for (const socket of sockets) socket.destroy();
});

test("requests whose body is still arriving do not fill MAX_IN_FLIGHT", async (t) => {
  const { port } = await startFixture(t, { MAX_IN_FLIGHT: "2" });
  const slow = Array.from({ length: 10 }, () => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => {});
    socket.write("POST /fast HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    return socket;
  });
  await sleep(300);
  assert.equal((await get(port, "/fast")).status, 200);
  for (const socket of slow) socket.destroy();
  await sleep(100);
  assert.equal((await get(port, "/fast")).status, 200);
});

test("a path that wants no body answers whatever body comes, and none of the named type", async (t) => {
  const { port } = await startFixture(t);
  const url = `http://127.0.0.1:${port}/bodyless`;
  for (const method of ["POST", "DELETE"]) {
    for (const [type, body] of [
      ["application/json", "{}"],
      ["application/json", "{"],
      ["application/json", undefined],
      ["text/html", "<p>"],
    ] as const) {
      const headers = { "content-type": type };
      const signal = AbortSignal.timeout(5000);
      const response = await fetch(url, { method, headers, signal, ...(body && { body }) });
      assert.deepEqual([response.status, await response.json()], [200, { body: null }]);
    }
  }
});

test("metrics are on their own port only", async (t) => {
  const { port, metricsPort } = await startFixture(t);
  await get(port, "/fast");
  await get(port, "/nothing-CANARY");
  const { status, body } = await get(metricsPort, "/metrics");
  assert.equal(status, 200);
  for (const name of [
    'airlock_http_request_duration_seconds_count{method="GET",route="/fast",status="200"} 1',
    'airlock_http_request_duration_seconds_count{method="GET",route="none",status="404"} 1',
    "airlock_http_requests_in_flight",
    "airlock_event_loop_delay_seconds",
    "nodejs_eventloop_lag_seconds",
  ]) {
    assert.ok(body.includes(name), name);
  }
  assert.ok(!body.includes("CANARY"), "no label a client can choose");
  assert.equal((await get(port, "/metrics")).status, 404);
  assert.equal((await get(metricsPort, "/fast")).status, 404);
});
