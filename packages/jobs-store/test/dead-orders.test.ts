/** `airlock-dead-orders` as an operator runs it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { faultOrder, readOrders } from "../src/index.ts";
import { openStore, startCluster } from "./harness.ts";

const MAIN = fileURLToPath(new URL("../src/dead-orders-main.ts", import.meta.url));
const QUEUE = "gpu_reservations";
const cluster = await startCluster();
const url = await cluster.createDatabase();
const store = openStore(url);

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const env = { PATH, NODE_COMPILE_CACHE, ENVIRONMENT: "dev", DATABASE_URL: url };
  try {
    const done = await promisify(execFile)(
      process.execPath,
      ["--conditions=airlock-source", MAIN, ...args],
      { env },
    );
    return { code: 0, ...done };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

async function bury(message: object): Promise<void> {
  await store.pool.query("SELECT pgmq.send($1::text, $2::jsonb)", [QUEUE, JSON.stringify(message)]);
  const [read] = await readOrders(store.pool, { queue: QUEUE, limit: 1, seconds: 30 });
  assert.ok(read);
  const { msg_id: messageId, read_ct: readCount } = read;
  const died = await faultOrder(store.pool, {
    queue: QUEUE,
    messageId,
    readCount,
    fault: "why it failed",
    deadAt: 1,
  });
  assert.deepEqual(died, { faults: 1, isDead: true });
}

test("dead orders are listed, sent again, and dropped", async () => {
  for (const job_id of ["one", "two", "three"]) await bury({ v: 1, action: "cancel", job_id });
  const listed = (await run("list")).stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    listed.map(({ job_id, action, last_fault }) => [job_id, action, last_fault]),
    [
      ["one", "cancel", "why it failed"],
      ["two", "cancel", "why it failed"],
      ["three", "cancel", "why it failed"],
    ],
  );
  assert.equal((await run("redrive", listed[0].dead_id)).stdout, "1 sent again\n");
  assert.equal((await run("drop", "--all")).stdout, "2 dropped\n");
  assert.equal((await run("list")).stdout, "");
  const waiting = await readOrders(store.pool, { queue: QUEUE, limit: 9, seconds: 0 });
  assert.deepEqual(
    waiting.map(({ message }) => (message as { job_id: string }).job_id),
    ["one"],
  );
});

test("all of them are listed, however many there are", async () => {
  await store.pool.query(`
    INSERT INTO dead_orders (queue, msg_id, message, faults, last_fault, enqueued_at)
    SELECT 'gpu_reservations', -n, '{}', 5, 'why', now() FROM generate_series(1, 1001) n`);
  assert.equal((await run("list")).stdout.trim().split("\n").length, 1001);
  assert.equal((await run("drop", "--all")).stdout, "1001 dropped\n");
});

test("what it cannot do it says, with the way to ask", async () => {
  for (const args of [[], ["bury"], ["drop"], ["redrive", "x"], ["drop", "1", "--all"], ["--no"]]) {
    const { code, stderr } = await run(...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, /airlock-dead-orders list/);
  }
  assert.match((await run("--help")).stdout, /redrive/);
});
