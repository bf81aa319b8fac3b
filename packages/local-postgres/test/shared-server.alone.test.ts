/** Test files of one run on one server: a template made once, databases of one's own. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import { startTestCluster } from "../src/index.ts";
import { globalSetup, globalTeardown, SHARED_SERVER } from "../src/shared-server.ts";

const runs = process.env[SHARED_SERVER];
before(globalSetup);
after(async () => {
  await globalTeardown();
  if (runs === undefined) delete process.env[SHARED_SERVER];
  else process.env[SHARED_SERVER] = runs;
});

async function ask(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text: statement, rowMode: "array" })).rows.flat();
  } finally {
    await client.end();
  }
}

test("a template is prepared once for all who name it, and each has databases of its own", async () => {
  let times = 0;
  const prepare = async (url: string) => {
    times++;
    await ask(url, "CREATE TABLE prepared (n integer)");
  };
  const files = await Promise.all(
    ["same", "same", "other"].map((template) => startTestCluster({ template, prepare })),
  );
  assert.equal(times, 2);
  assert.equal(new Set(files.map(({ port }) => port)).size, 1);
  const urls = await Promise.all(files.map((file) => file.createDatabase()));
  for (const url of urls) assert.deepEqual(await ask(url, "SELECT n FROM prepared"), []);
  const [file, second] = files;
  const [url = "", kept = ""] = urls;
  await assert.rejects(async () => file?.restart("fast"), /ask for one of your own/);
  await file?.stop();
  await assert.rejects(ask(url, "SELECT"), /does not exist/);
  assert.deepEqual(await ask(kept, "SELECT n FROM prepared"), []);
  assert.equal(new URL(await (second?.createEmptyDatabase() ?? "")).host, new URL(kept).host);
});

test("what could not be prepared is tried again by the next file", async () => {
  const failing = startTestCluster({
    template: "late",
    prepare: () => Promise.reject(new Error("no")),
  });
  await assert.rejects(failing, /^Error: no$/);
  const file = await startTestCluster({
    template: "late",
    prepare: async (url) => void (await ask(url, "CREATE TABLE prepared (n integer)")),
  });
  assert.deepEqual(await ask(await file.createDatabase(), "SELECT n FROM prepared"), []);
});

test("a file that restarts its server, or reads its log, has its own", async () => {
  const port = Number(new URL(process.env[SHARED_SERVER] ?? "").port);
  for (const options of [{ durable: true }, { log: () => {} }]) {
    const file = await startTestCluster({ template: "same", ...options });
    assert.notEqual(file.port, port);
    await file.stop();
  }
});
