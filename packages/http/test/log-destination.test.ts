/** What becomes of log lines when their reader is slow, gone, or a disk that is full. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { LogDestination } from "../src/log-destination.ts";
import { until } from "./app-harness.ts";
import { get, startFixture } from "./harness.ts";

const LINE = `${JSON.stringify({ msg: "x".repeat(1000) })}\n`;

/** A descriptor that takes nothing, and what it becomes when there is space again. */
function fullDisk(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "airlock-log-"));
  const file = join(folder, "log");
  const fd = openSync("/dev/full", "w");
  t.after(() => rmSync(folder, { recursive: true }));
  const makeSpace = () => {
    closeSync(fd);
    assert.equal(openSync(file, "a"), fd, "the lowest number that is free");
  };
  return { fd, makeSpace, written: () => readFileSync(file, "utf8") };
}

test("a disk that is full for a while costs no line", async (t) => {
  const { fd, makeSpace, written } = fullDisk(t);
  const log = new LogDestination(fd);
  log.write("first\n");
  await sleep(300);
  log.write("second\n");
  makeSpace();
  await new Promise<void>((resolve) => log.flush(resolve));
  log.write("third\n");
  await new Promise<void>((resolve) => log.flush(resolve));
  assert.deepEqual([written(), log.droppedLines], ["first\nsecond\nthird\n", 0]);
});

test("a disk that stays full costs lines, which are counted, and not the memory", async (t) => {
  const { fd } = fullDisk(t);
  const log = new LogDestination(fd);
  const lines = 40_000;
  for (let n = 0; n < lines; n++) log.write(LINE);
  assert.ok(log.droppedLines > lines / 2, `${log.droppedLines}`);
  const before = log.droppedLines;
  log.write(LINE);
  assert.equal(log.droppedLines, before + 1);
});

test("a slow reader gets every line, in order", async (t) => {
  const child = spawn(process.execPath, ["-e", READER], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => child.kill());
  const fd = (child.stdin as unknown as { _handle: { fd: number } })._handle.fd;
  const log = new LogDestination(fd);
  const lines = 3000;
  for (let n = 0; n < lines; n++) log.write(`${n} ${LINE}`);
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  await new Promise<void>((resolve) => log.flush(resolve));
  child.stdin.end();
  await once(child, "close");
  assert.deepEqual(JSON.parse(text), { lines, isInOrder: true });
  assert.equal(log.droppedLines, 0);
});

/** Begins to read late, and reads in small steps. */
const READER = `setTimeout(async () => {
  let text = "";
  for await (const chunk of process.stdin) {
    text += chunk;
    if (Math.random() < 0.1) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const numbers = text.trim().split("\\n").map((line) => Number.parseInt(line, 10));
  const isInOrder = numbers.every((number, index) => number === index);
  process.stdout.write(JSON.stringify({ lines: numbers.length, isInOrder }));
}, 300);`;

const dropped = async (port: number): Promise<number> =>
  Number(/^airlock_log_lines_dropped_total (\d+)$/m.exec((await get(port, "/metrics")).body)?.[1]);

test("lines for a reader that has gone are counted", async (t) => {
  const { port, metricsPort, process: child } = await startFixture(t);
  assert.equal(await dropped(metricsPort), 0);
  child.stdout?.destroy();
  for (let n = 0; n < 20; n++) await get(port, "/fast");
  await until(async () => (await dropped(metricsPort)) >= 20);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`a log that nobody reads does not keep the process: ${signal}`, async (t) => {
    const env = { DRAIN_DELAY_SECONDS: "0" };
    const { port, process: child } = await startFixture(t, env, { isLogRead: false });
    const path = `/nothing/${"x".repeat(1000)}`;
    for (let n = 0; n < 600; n++) assert.equal((await get(port, path)).status, 404);
    const exited = once(child, "exit");
    const startedAt = performance.now();
    child.kill(signal);
    assert.deepEqual(await exited, [0, null]);
    assert.ok(performance.now() - startedAt < 5 * 15_000);
  });
}
