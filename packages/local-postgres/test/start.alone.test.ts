/** A server keeps its data in a folder that is its own, and can be emptied. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import pg from "pg";
import { type LocalPostgres, type PostgresOptions, startPostgres } from "../src/index.ts";

const parent = await mkdtemp(path.join(tmpdir(), "airlock-start-"));
after(() => rm(parent, { recursive: true, force: true }));
// the server's user has to reach its own folder
await chmod(parent, 0o711);
const folder = path.join(parent, "postgres");

async function start(options: Omit<PostgresOptions, "folder"> = {}): Promise<LocalPostgres> {
  // the machine does not crash here, only the server
  const server = await startPostgres({ folder, durable: false, ...options });
  after(() => server.stop());
  return server;
}

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

const COUNT = "SELECT count(*)::integer AS n FROM kept";

test("a folder keeps its data from one start to the next, until it is reset", async () => {
  const first = await start();
  const version = await ask(first.url, "SHOW server_version_num");
  assert.match(JSON.stringify(version), /"18\d{4}"/);
  await ask(first.url, "CREATE TABLE kept (); INSERT INTO kept DEFAULT VALUES");
  for (const mode of ["fast", "immediate", "kill"] as const) {
    await first.restart(mode);
    assert.deepEqual(await ask(first.url, COUNT), [{ n: 1 }], mode);
  }
  await first.stop();
  const second = await start({ port: first.port });
  assert.equal(second.url, first.url);
  assert.deepEqual(await ask(second.url, COUNT), [{ n: 1 }]);
  await second.stop();
  const third = await start({ reset: true });
  await assert.rejects(ask(third.url, COUNT), /does not exist/);
  await third.stop();
});

test("nobody else gets at the data, neither by file nor by connection", async () => {
  const server = await start();
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  const url = new URL(server.url);
  assert.equal(url.hostname, "127.0.0.1");
  url.password = "guessed";
  await assert.rejects(ask(url.href, "SELECT 1"), /password authentication failed/);
  await server.stop();
});

test("a taken port is told at once", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  after(() => other.close());
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  await assert.rejects(start({ port }), /Address already in use/);
});

test("a server that ends by itself is noticed", async () => {
  const server = await start();
  const file = await readFile(path.join(folder, "data", "postmaster.pid"), "utf8");
  process.kill(Number(file.split("\n")[0]), "SIGKILL");
  await server.failed;
  await server.stop();
});
