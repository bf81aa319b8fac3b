/** Without a database, and while it restarts: nothing that was accepted is lost. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectTarget, LATEST_MIGRATION } from "@airlock/jobs-store";
import { migrate } from "@airlock/jobs-store/migrate";
import { type JobsRig, QUEUES, SEED_JOB, startJobs, startWorld } from "./harness.ts";

const world = await startWorld({ durable: true });
/** Jobs before each restart, and as many after it; the scenario jobs-restarts has thousands. */
const ENOUGH = 100;
const quick = { DATABASE_CONNECT_TIMEOUT_MS: "500" };

async function until(isTrue: () => Promise<boolean>, what: string): Promise<void> {
  const since = performance.now();
  while (!(await isTrue())) {
    assert.ok(performance.now() - since < 25_000, what);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
const isReady = async ({ ask }: JobsRig) => (await ask("GET", "/readyz")).status === 200;

test("no database at start: alive, not ready, 503 with Retry-After", async () => {
  const nowhere = "postgresql://user:canary-password@127.0.0.1:1/none";
  const jobs = await startJobs(world, nowhere, { env: quick });
  assert.equal((await jobs.ask("GET", "/livez")).status, 200);
  assert.equal((await jobs.ask("GET", "/readyz")).status, 503);
  const health = await jobs.ask("GET", "/health");
  assert.equal(health.status, 200);
  const { status, database, queue, reason } = health.body;
  assert.deepEqual([status, database, queue], ["unhealthy", "unhealthy", "unknown"]);
  assert.equal(reason, "the database does not answer");
  const answer = await jobs.ask("POST", "/v1/auth/challenge");
  assert.equal(answer.status, 503, JSON.stringify(answer.body));
  assert.equal(answer.body.code, "database_unavailable");
  assert.equal(answer.headers.get("retry-after"), "1");
  assert.match(await jobs.metrics.registry.metrics(), /airlock_database_connections/);
  assert.ok(!jobs.lines.join("").includes("canary-password"));
  await jobs.close();
});

const OLD = `the schema is older than this version needs: ${LATEST_MIGRATION} has not run`;

test("a database without the schema: not ready until it was migrated, and says why", async () => {
  const url = await world.cluster.createEmptyDatabase();
  const jobs = await startJobs(world, url);
  assert.equal(await isReady(jobs), false);
  const health = async () => (await jobs.ask("GET", "/health")).body;
  await until(async () => (await health()).reason !== undefined, "it was not looked at");
  const { status, database, reason } = await health();
  assert.deepEqual([status, database], ["unhealthy", "healthy"]);
  assert.ok(reason.startsWith(OLD), reason);
  await migrate({
    ...connectTarget(url),
    queues: QUEUES,
    log: { info() {}, warn() {}, error() {} },
  });
  // the queues are made after the tables, and a look may fall between
  await until(async () => (await health()).status === "healthy", "not healthy");
  assert.equal((await health()).reason, undefined);
  assert.equal(await isReady(jobs), true);
  const told = jobs.lines.filter((line) => /jobs is (un)?healthy/.test(line));
  assert.ok(told.length === 2 || told[1]?.includes("a queue is missing"), told.join(""));
  assert.match(told[0] ?? "", /"level":"warn".*jobs is unhealthy/);
  assert.ok(told[0]?.includes(LATEST_MIGRATION));
  assert.match(told.at(-1) ?? "", /jobs is healthy again/);
  await jobs.close();
});

test("a database that was restored from before its last migration: not ready, and says why", async () => {
  const jobs = await startJobs(world, await world.cluster.createDatabase());
  await until(() => isReady(jobs), "not ready");
  await jobs.db.query("DELETE FROM schema_migrations WHERE name = $1", [LATEST_MIGRATION]);
  await until(async () => !(await isReady(jobs)), "the older schema was not noticed");
  assert.ok((await jobs.ask("GET", "/health")).body.reason.startsWith(OLD));
  await jobs.close();
});

test("a queue that is missing is told, and stops nothing else", async () => {
  const jobs = await startJobs(world, await world.cluster.createDatabase());
  await jobs.db.query("SELECT pgmq.drop_queue('disk_operations'::text)");
  const missing = async () => (await jobs.ask("GET", "/health")).body.queue === "missing";
  await until(missing, "the missing queue was not noticed");
  assert.equal(await isReady(jobs), true);
  await jobs.close();
});

for (const mode of ["fast", "immediate", "kill"] as const) {
  test(`submits while Postgres restarts (${mode}): what was answered 200 is there`, async () => {
    const jobs = await startJobs(world, await world.cluster.createDatabase(), { env: quick });
    await until(() => isReady(jobs), "not ready");
    const key = await jobs.login();
    const accepted: string[] = [];
    let refused = 0;
    let isOver = false;
    const send = async (): Promise<void> => {
      while (!isOver) {
        const answer = await jobs.ask("POST", "/v1/jobs/submit", { key, body: SEED_JOB });
        if (answer.status === 200) accepted.push(answer.body.job_id);
        else {
          // eight at once of one user, of whom two have a transaction: the others may have waited too long
          const refusals = ["503 database_unavailable", "429 too_many_at_once"];
          assert.ok(refusals.includes(`${answer.status} ${answer.body.code}`));
          assert.ok(answer.headers.get("retry-after"));
          refused++;
        }
      }
    };
    const senders = Array.from({ length: 8 }, send);
    await until(async () => accepted.length > ENOUGH, "nothing was accepted");
    await world.cluster.restart(mode);
    const before = accepted.length;
    await until(async () => accepted.length > before + ENOUGH, "nothing is accepted any more");
    isOver = true;
    await Promise.all(senders);
    assert.ok(refused > 0, "the restart was not noticed");
    const { rows } = await jobs.db.query<{ id: string }>(
      `SELECT reservation_id AS id FROM reservations
       JOIN pgmq.q_gpu_reservations ON message->>'job_id' = reservation_id`,
    );
    const there = new Set(rows.map(({ id }) => id));
    assert.deepEqual(
      accepted.filter((id) => !there.has(id)),
      [],
    );
    await jobs.close();
  });
}
