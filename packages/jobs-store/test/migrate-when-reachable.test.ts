/** A migration that starts before its database, or while that is busy, and one for which waiting is no help. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { connectTarget, type StoreLog } from "../src/index.ts";
import { migrate } from "../src/migrate.ts";
import { migrateWhenReachable } from "../src/migrate-when-reachable.ts";
import { openStore, QUEUES, silent, startCluster } from "./harness.ts";

const cluster = await startCluster({ isOwn: true });

function rig() {
  const lines: string[] = [];
  const pauses: number[] = [];
  const log: StoreLog = {
    ...silent,
    warn: ({ ...fields }, words) => {
      lines.push(`${words}: ${(fields as { reason: string }).reason}`);
    },
  };
  const pause = async (ms: number) => void pauses.push(ms);
  return { lines, pauses, log, pause };
}
const migrateAt = (url: string) =>
  migrate({ ...connectTarget(url), queues: QUEUES, connectTimeoutMs: 5000, log: silent });

test("waits for a database that is not there yet, and says why", async () => {
  const { lines, pauses, log, pause } = rig();
  const nowhere = "postgresql://user:canary-password@127.0.0.1:1/none";
  const urls = [nowhere, nowhere, await cluster.createEmptyDatabase()];
  const names = await migrateWhenReachable(() => migrateAt(urls.shift() ?? ""), { log, pause });
  assert.equal(names.at(0), "001_users_and_keys");
  assert.deepEqual(pauses, [1000, 2000]);
  assert.match(lines[0] ?? "", /^cannot migrate yet, next try in 1 s: .*ECONNREFUSED/);
  assert.ok(!lines.join("").includes("canary-password"));
});

test("gives up in the end, with the words of the last failure", async () => {
  const { pauses, log, pause } = rig();
  const nowhere = "postgresql://user:word@127.0.0.1:1/none";
  const waiting = migrateWhenReachable(() => migrateAt(nowhere), { log, pause, limitMs: 40_000 });
  await assert.rejects(waiting, /ECONNREFUSED/);
  assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 15_000]);
});

for (const [what, code] of [
  ["a server that is starting", "57P03"],
  ["no connection free", "53300"],
  ["a lock that was not to be had in time", "55P03"],
] as const) {
  test(`waits out ${what}`, async () => {
    const { pauses, log, pause } = rig();
    const error = Object.assign(new pg.DatabaseError(what, 0, "error"), { code });
    let tries = 0;
    const work = async () => {
      if (++tries === 1) throw error;
      return "done";
    };
    assert.equal(await migrateWhenReachable(work, { log, pause }), "done");
    assert.deepEqual(pauses, [1000]);
  });
}

test("a login that is refused, a database that is not there and wrong SQL end it at once", async () => {
  const { pauses, log, pause } = rig();
  const url = new URL(await cluster.createEmptyDatabase());
  const { pool } = openStore(url.href);
  const fails = async (work: () => Promise<unknown>, words: RegExp) =>
    assert.rejects(migrateWhenReachable(work, { log, pause }), words);
  const stranger = Object.assign(new URL(url), { username: "stranger" });
  await fails(() => migrateAt(stranger.href), /authentication failed|does not exist/);
  const elsewhere = Object.assign(new URL(url), { pathname: "/nowhere" });
  await fails(() => migrateAt(elsewhere.href), /"nowhere" does not exist/);
  await fails(() => pool.query("SELECT nothing"), /nothing/);
  assert.deepEqual(pauses, []);
});

test("SIGTERM ends the wait of airlock-migrate", async () => {
  const main = fileURLToPath(new URL("../src/migrate-main.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=airlock-source", main], {
    env: {
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      ENVIRONMENT: "dev",
      DATABASE_URL: "postgresql://user:word@127.0.0.1:1/none",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const [line] = await once(child.stdout.setEncoding("utf8"), "data");
  assert.match(line, /"level":"warn".*ECONNREFUSED.*"msg":"cannot migrate yet, next try in 1 s"/);
  child.kill("SIGTERM");
  assert.deepEqual(await exited, [1, null]);
});
