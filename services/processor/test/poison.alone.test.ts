/** Orders that cannot be carried out, by processors that work: set aside after five faults, and sent again by an operator. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { playCluster } from "./played-cluster.ts";
import { openWorld, QUEUE, startPostgres, work } from "./world.ts";

const DEAD_ORDERS = fileURLToPath(
  new URL("../../../packages/jobs-store/src/dead-orders-main.ts", import.meta.url),
);
const postgres = await startPostgres();
const world = await openWorld(postgres);
const { pool } = world.store;
after(async () => {
  await world.store.close();
  await postgres.stop();
});

async function deadOrders(...args: string[]): Promise<string> {
  const env = { PATH: process.env.PATH ?? "", ENVIRONMENT: "dev", DATABASE_URL: world.databaseUrl };
  const command = ["--conditions=airlock-source", DEAD_ORDERS, ...args];
  return (await promisify(execFile)(process.execPath, command, { env })).stdout;
}
const numberOf = async (from: string): Promise<number> => {
  const sql = `SELECT count(*)::integer AS count FROM ${from}`;
  return (await pool.query<{ count: number }>(sql)).rows[0]?.count ?? 0;
};
/** As the back-off comes to its end. */
const makeVisible = () => pool.query(`UPDATE pgmq.q_${QUEUE} SET vt = clock_timestamp()`);

test("poison is dead after five faults, all others are carried out meanwhile, and an operator sends it again", async () => {
  const poisoned = await world.submit();
  // a rule that this job alone breaks stands for whatever nobody thought of
  await pool.query(
    `ALTER TABLE reservations ADD CONSTRAINT poison CHECK (reservation_id <> '${poisoned}' OR wanted = 'run')`,
  );
  const outcomes: string[] = [];
  const onOrders = (action: string, outcome: string, count: number) =>
    void outcomes.push(...Array.from({ length: count }, () => `${action} ${outcome}`));
  const processors = [
    work(world, playCluster(), { onOrders }),
    work(world, playCluster(), { onOrders }),
  ];
  await world.order(poisoned, "cancel");
  let others = 0;
  while ((await numberOf("dead_orders")) === 0) {
    assert.ok(++others < 100, outcomes.join());
    const other = await world.submit();
    await world.order(other, "cancel");
    await world.until(other, "cancelled");
    await makeVisible();
  }
  const of = (outcome: string) => outcomes.filter((one) => one === `cancel ${outcome}`).length;
  assert.deepEqual([of("faulted"), of("dead"), of("done")], [4, 1, others]);
  assert.equal(await numberOf(`pgmq.q_${QUEUE}`), 0);

  const listed = JSON.parse(await deadOrders("list"));
  assert.deepEqual([listed.job_id, listed.action, listed.faults], [poisoned, "cancel", 5]);
  await pool.query("ALTER TABLE reservations DROP CONSTRAINT poison");
  assert.equal(await deadOrders("redrive", listed.dead_id), "1 sent again\n");
  await world.until(poisoned, "cancelled");
  assert.equal((await numberOf("dead_orders")) + (await numberOf("order_faults")), 0);
  await Promise.all(processors.map((processor) => processor.stop()));
});

test("processors that are stopped in the middle of it, again and again, bury nothing", async () => {
  const jobs: string[] = [];
  for (let turn = 0; turn < 8; turn++) {
    for (let count = 0; count < 4; count++) {
      const jobId = await world.submit();
      jobs.push(jobId);
      await world.order(jobId, "cancel");
    }
    await makeVisible();
    const processor = work(world, playCluster());
    await sleep(turn);
    await processor.stop();
    assert.equal((await numberOf("dead_orders")) + (await numberOf("order_faults")), 0);
  }
  await makeVisible();
  const last = work(world, playCluster());
  for (const jobId of jobs) await world.until(jobId, "cancelled");
  await last.stop();
  assert.equal(await numberOf(`pgmq.q_${QUEUE}`), 0);
  assert.equal(
    await numberOf(`pgmq.a_${QUEUE} WHERE message ->> 'job_id' = ANY ('{${jobs}}')`),
    64,
  );
});
