/** One database for many: a row that somebody keeps, a standby, and what the log says of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectTarget, createStore } from "@airlock/jobs-store";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { type JobsRig, startJobs, startWorld } from "./harness.ts";

const world = await startWorld();

/** A line of the log is written within a second of what it tells of. */
async function lines(jobs: JobsRig, words: RegExp, count: number): Promise<string[]> {
  const since = performance.now();
  for (;;) {
    const found = jobs.lines.filter((line) => words.test(line));
    if (found.length >= count) return found;
    assert.ok(performance.now() - since < 25_000, `not told: ${words}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Somebody else who uses the database. */
const keeperOf = (url: string) =>
  createStore({
    ...connectTarget(url),
    pool: { min: 0, max: 1 },
    ...{ connectTimeoutMs: 5000, statementTimeoutMs: 30_000, lockTimeoutMs: 5000 },
    log: { info() {}, warn() {}, error() {} },
  });

test("one locked row and twenty who want it: everybody else is answered, and the log says why once", async () => {
  const url = await world.cluster.createDatabase();
  const env = { DATABASE_LOCK_TIMEOUT_MS: "200", DATABASE_POOL_MAX: "4" };
  const jobs = await startJobs(world, url, { env });
  const [alice, bob] = [await jobs.login(), await jobs.login(KNOWN_SESSIONS.otherGpuUser)];
  await jobs.ask("POST", "/v1/disks", { key: alice, body: { disk_name: "wanted" } });
  const keeper = keeperOf(url);
  await keeper.transaction(async (db) => {
    await db.query("SELECT FROM disks FOR UPDATE");
    const wanting = Array.from({ length: 20 }, () =>
      jobs.ask("DELETE", "/v1/disks/wanted", { key: alice }),
    );
    for (let round = 0; round < 5; round++) {
      for (const key of [alice, bob]) {
        assert.equal((await jobs.ask("GET", "/v1/jobs", { key })).status, 200);
      }
      const submitted = await jobs.ask("POST", "/v1/disks", {
        key: bob,
        body: { disk_name: `free-${round}` },
      });
      assert.equal(submitted.status, 200, JSON.stringify(submitted.body));
    }
    const answers = await Promise.all(wanting);
    const found = new Set(answers.map(({ status, body }) => `${status} ${body.code}`));
    // whose turn did not come was not kept by the row, but by the requests before
    found.delete("429 too_many_at_once");
    assert.deepEqual([...found], ["503 database_unavailable"]);
  });
  await keeper.close();
  assert.equal((await jobs.ask("DELETE", "/v1/disks/wanted", { key: alice })).status, 200);
  const [told = ""] = await lines(jobs, /some requests do without the database/, 1);
  assert.match(told, /"causes":\["canceling statement due to lock timeout"/);
  await lines(jobs, /jobs is healthy again/, 1);
  assert.ok(jobs.lines.filter((line) => /do without the database/.test(line)).length <= 3);
  await jobs.close();
});

test("one user who lists sixty times at once leaves connections to the others, and has what is left", async () => {
  const url = await world.cluster.createDatabase();
  const env = { DATABASE_LOCK_TIMEOUT_MS: "1500", DATABASE_POOL_MAX: "4" };
  const jobs = await startJobs(world, url, { env });
  const [alice, bob] = [await jobs.login(), await jobs.login(KNOWN_SESSIONS.otherGpuUser)];
  await jobs.ask("POST", "/v1/disks", { key: bob, body: { disk_name: "mine" } });
  let answered = 0;
  const list = async () => {
    const { status } = await jobs.ask("GET", "/v1/jobs", { key: alice });
    answered++;
    return status;
  };
  const keeper = keeperOf(url);
  const lists = await keeper.transaction(async (db) => {
    // they wait as they would for a slow disk
    await db.query("LOCK TABLE reservations IN ACCESS EXCLUSIVE MODE");
    const asked = Array.from({ length: 60 }, list);
    for (let round = 0; round < 5; round++) {
      assert.equal((await jobs.ask("GET", "/v1/disks/mine", { key: bob })).status, 200);
    }
    assert.equal(answered, 0, "none of hers had to end for him");
    return { asked };
  });
  await keeper.close();
  assert.deepEqual(new Set(await Promise.all(lists.asked)), new Set([200]));
  await jobs.close();
});

test("a database that may only be read is not ready, and says so, until it may be written", async () => {
  const [url, other] = [
    new URL(await world.cluster.createDatabase()),
    await startJobs(world, await world.cluster.createDatabase()),
  ];
  const name = url.pathname.slice(1);
  await other.db.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  const jobs = await startJobs(world, url.href);
  assert.match((await lines(jobs, /jobs is unhealthy/, 1))[0] ?? "", /read-only/);
  assert.equal((await jobs.ask("GET", "/readyz")).status, 503);
  const { body } = await jobs.ask("GET", "/health");
  assert.deepEqual([body.status, body.database], ["unhealthy", "unhealthy"]);
  assert.equal(body.reason, "the database is read-only: a standby, or set so");
  await other.db.query(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
  await other.db.query(
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1",
    [name],
  );
  await lines(jobs, /jobs is healthy again/, 1);
  assert.equal((await jobs.ask("GET", "/readyz")).status, 200);
  await jobs.close();
});

test("a database that refuses the login: the log has its words, once, and no password", async () => {
  const url = new URL(await world.cluster.createDatabase());
  url.password = "canary-password";
  const jobs = await startJobs(world, url.href);
  const [told = ""] = await lines(jobs, /jobs is unhealthy/, 1);
  assert.match(told, /"reason":"the database does not answer"/);
  assert.match(told, /"causes":\["password authentication failed for user/);
  assert.equal((await jobs.ask("POST", "/v1/auth/challenge")).status, 503);
  assert.equal((await jobs.ask("POST", "/v1/auth/challenge")).status, 503);
  assert.equal(jobs.lines.filter((line) => /jobs is unhealthy/.test(line)).length, 1);
  assert.ok(!jobs.lines.join("").includes("canary-password"));
  await jobs.close();
});
