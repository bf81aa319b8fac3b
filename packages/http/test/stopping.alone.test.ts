/** How a service stops: nobody's request is lost. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { get, keepAlive, startFixture } from "./harness.ts";

test("after SIGTERM: not ready, serving on with Connection: close, then exit 0", async (t) => {
  const fixture = await startFixture(t);
  const agent = keepAlive();
  t.after(() => agent.destroy());
  assert.equal((await get(fixture.port, "/fast", agent)).headers.connection, "keep-alive");
  fixture.process.kill("SIGTERM");
  while ((await get(fixture.port, "/readyz")).status !== 503) await sleep(10);
  const during = await get(fixture.port, "/fast", agent);
  assert.equal(during.status, 200);
  assert.equal(during.headers.connection, "close");
  assert.equal((await get(fixture.port, "/livez")).status, 200);
  assert.equal(await fixture.exited, 0);
  assert.equal((await get(fixture.port, "/fast")).status, 0);
});

test("a probe is a line of level debug, whatever it is answered and asks besides", async (t) => {
  const fixture = await startFixture(t);
  fixture.process.kill("SIGTERM");
  while ((await get(fixture.port, "/readyz?verbose=1")).status !== 503) await sleep(10);
  await fixture.exited;
  const probes = fixture.lines.filter(({ route }) => route === "/readyz");
  assert.ok(
    probes.some(({ status }) => status === 503),
    JSON.stringify(fixture.lines),
  );
  assert.deepEqual(new Set(probes.map(({ level }) => level)), new Set(["debug"]));
});

test("a service says once that it listens, with all that was asked about it", async (t) => {
  const fixture = await startFixture(t, { DRAIN_DELAY_SECONDS: "0", LOG_LEVLE: "debug" });
  fixture.process.kill("SIGTERM");
  await fixture.exited;
  const [misspelt] = fixture.lines.filter(({ variable }) => variable === "LOG_LEVLE");
  assert.deepEqual([misspelt?.level, misspelt?.near], ["warn", "LOG_LEVEL"]);
  const said = fixture.lines.filter(({ msg }) => /listening/i.test(String(msg)));
  assert.deepEqual(
    said.map(({ port, pid }) => [port, pid]),
    [[fixture.port, fixture.process.pid]],
  );
});

test("an answer under way is finished, on a kept-alive connection too", async (t) => {
  const fixture = await startFixture(t, { DRAIN_DELAY_SECONDS: "0" });
  const agent = keepAlive();
  t.after(() => agent.destroy());
  await get(fixture.port, "/fast", agent);
  const slow = get(fixture.port, "/slow", agent);
  await sleep(200);
  const startedAt = performance.now();
  fixture.process.kill("SIGTERM");
  const reply = await slow;
  assert.equal(reply.status, 200);
  assert.equal(reply.body, '{"ok":true}');
  assert.equal(reply.headers.connection, "close");
  assert.equal(await fixture.exited, 0);
  assert.ok(performance.now() - startedAt < 15_000, "did not wait for the cap");
  const messages = fixture.lines.map(({ msg }) => msg);
  assert.ok(messages.indexOf("clients closed") > messages.lastIndexOf("request"), "clients last");
  assert.equal(messages.at(-1), "stopped", "the log was flushed");
});

test("what waits is answered when the drain delay is over, not before", async (t) => {
  const fixture = await startFixture(t);
  const waiting = get(fixture.port, "/wait");
  await sleep(200);
  const startedAt = performance.now();
  fixture.process.kill("SIGTERM");
  const reply = await waiting;
  const elapsedMs = performance.now() - startedAt;
  assert.deepEqual([reply.status, reply.headers.connection], [200, "close"]);
  assert.ok(elapsedMs > 900 && elapsedMs < 5 * 2000, `${elapsedMs} ms`);
  assert.equal(await fixture.exited, 0);
});

test("an idle connection does not hold the process", async (t) => {
  const fixture = await startFixture(t, { DRAIN_DELAY_SECONDS: "0" });
  const agent = keepAlive();
  t.after(() => agent.destroy());
  await get(fixture.port, "/fast", agent);
  fixture.process.kill("SIGTERM");
  const startedAt = performance.now();
  assert.equal(await fixture.exited, 0);
  assert.ok(performance.now() - startedAt < 5000);
});

test("a log that nobody reads any more does not keep the process", async (t) => {
  const fixture = await startFixture(t, { DRAIN_DELAY_SECONDS: "0" });
  fixture.process.stdout?.destroy();
  fixture.process.stderr?.destroy();
  for (let i = 0; i < 50; i++) await get(fixture.port, "/fast");
  fixture.process.kill("SIGTERM");
  const [code] = await once(fixture.process, "exit");
  assert.equal(code, 0);
});

const HANDSHAKE =
  "GET /tunnel HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

/** A connection that has become a tunnel, and what it has read since. */
async function tunnelTo(t: TestContext, port: number) {
  const socket = connect({ host: "127.0.0.1", port });
  t.after(() => socket.destroy());
  const tunnel = { socket, text: "" };
  socket.setEncoding("latin1").on("data", (text: string) => {
    tunnel.text += text;
  });
  socket.write(HANDSHAKE);
  while (!tunnel.text.includes("101")) await sleep(5);
  return tunnel;
}

test("tunnels live on while nothing else is taken, and the process ends with the last of them", async (t) => {
  const fixture = await startFixture(t, { DRAIN_DELAY_SECONDS: "0", TUNNEL_DRAIN_SECONDS: "60" });
  const { socket, ...tunnel } = await tunnelTo(t, fixture.port);
  fixture.process.kill("SIGTERM");
  while ((await get(fixture.port, "/fast")).status !== 0) await sleep(10);
  socket.write("still here");
  await once(socket, "data");
  assert.equal(fixture.process.exitCode, null, tunnel.text);
  socket.end();
  assert.equal(await fixture.exited, 0);
  const line = fixture.lines.find(({ route }) => route === "/tunnel");
  assert.deepEqual([line?.status, line?.tunnel_end, line?.level], [101, "client", "info"]);
});

test("a tunnel that is left when its time is over is told, and the process ends", async (t) => {
  const fixture = await startFixture(t, { DRAIN_DELAY_SECONDS: "0", TUNNEL_DRAIN_SECONDS: "1" });
  const tunnel = await tunnelTo(t, fixture.port);
  fixture.process.kill("SIGTERM");
  await once(tunnel.socket, "end");
  assert.match(tunnel.text, /going$/);
  assert.equal(await fixture.exited, 0);
});

test("a second signal changes nothing", async (t) => {
  const fixture = await startFixture(t);
  const slow = get(fixture.port, "/slow");
  await sleep(100);
  fixture.process.kill("SIGTERM");
  await sleep(100);
  fixture.process.kill("SIGTERM");
  fixture.process.kill("SIGINT");
  assert.equal((await slow).status, 200);
  assert.equal(await fixture.exited, 0);
});

test("an unhandled rejection is logged, what is under way is finished, exit code 1", async (t) => {
  const fixture = await startFixture(t, { DRAIN_DELAY_SECONDS: "0" });
  const slow = get(fixture.port, "/slow");
  await sleep(100);
  await get(fixture.port, "/reject");
  assert.equal((await slow).status, 200);
  assert.equal(await fixture.exited, 1);
  const line = fixture.lines.find(({ msg }) => msg === "unhandled rejection");
  assert.equal(line?.level, "fatal");
  assert.match(JSON.stringify(line), /nobody handles this/);
});

test("a taken port is said in one line, exit code 1", async (t) => {
  const blocker = createServer().listen(0, "127.0.0.1");
  await once(blocker, "listening");
  t.after(() => blocker.close());
  const { port } = blocker.address() as { port: number };
  const fixture = await startFixture(t, { PORT: String(port) });
  assert.equal(await fixture.exited, 1);
  assert.equal(fixture.stderr(), `fixture: port ${port} on 127.0.0.1 is taken\n`);
});
