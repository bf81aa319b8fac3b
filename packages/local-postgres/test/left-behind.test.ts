/** A process that ends takes its server with it, however it ends. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { startTestCluster } from "../src/index.ts";

const CHILD = fileURLToPath(new URL("left-behind.ts", import.meta.url));
const LIMIT_MS = 20_000;

async function gone(place: string): Promise<void> {
  const limit = performance.now() + LIMIT_MS;
  for (;;) {
    const isThere = await access(place).then(
      () => true,
      () => false,
    );
    if (!isThere) return;
    if (performance.now() > limit) throw new Error(`${place} is still there`);
    await delay(50);
  }
}

for (const way of ["forgets", "throws", "killed"]) {
  test(`a process that ${way} leaves neither server nor files`, async () => {
    const child = spawn(process.execPath, [...process.execArgv, CHILD, way], {
      stdio: ["pipe", "pipe", "ignore"],
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    });
    const [url] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => {});
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>("SHOW data_directory");
    const lost = new Promise((resolve) => client.once("end", resolve));
    child.stdin.end("end\n");
    await once(child, "exit");
    await lost;
    await gone(path.dirname(rows[0]?.data_directory ?? ""));
  });
}

test("a template that cannot be prepared leaves nothing behind", async () => {
  const ours = async () => (await readdir(tmpdir())).filter((name) => name === folder);
  let folder = "";
  const prepare = async (url: string) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>("SHOW data_directory");
    await client.end();
    folder = path.basename(path.dirname(rows[0]?.data_directory ?? ""));
    assert.deepEqual(await ours(), [folder]);
    throw new Error("not today");
  };
  await assert.rejects(startTestCluster({ prepare }), /not today/);
  assert.deepEqual(await ours(), []);
});
