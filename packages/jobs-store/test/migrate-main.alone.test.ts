/** `airlock-migrate` as a process: what it says before it touches a database, and what it does to one. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openStore, readAvailability, startCluster } from "./harness.ts";

const cluster = await startCluster({ isOwn: true });
const folder = await mkdtemp(path.join(tmpdir(), "airlock-migrate-"));
after(() => rm(folder, { recursive: true, force: true }));
const MAIN = fileURLToPath(new URL("../src/migrate-main.ts", import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const run = (env: Readonly<Record<string, string>>): Promise<Ended> =>
  new Promise((resolve) => {
    const args = ["--conditions=airlock-source", MAIN];
    const { NODE_COMPILE_CACHE } = process.env;
    const options = { env: { NODE_COMPILE_CACHE, ...env } };
    const child = execFile(process.execPath, args, options, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? 1, stdout, stderr }),
    );
  });

test("a wrong file of GPU types ends it with a sentence for each fault, before the database is asked", async () => {
  const file = path.join(folder, "wrong.yaml");
  await writeFile(
    file,
    "gpu_types:\n  - {type: H100, instance_types: [p5], gpus: 0, cpus: 1, memory_gb: 1}\n",
  );
  // nobody listens there
  const DATABASE_URL = "postgresql://nobody:secret@127.0.0.1:1/none";
  const { code, stderr } = await run({ ENVIRONMENT: "dev", DATABASE_URL, GPU_TYPES_FILE: file });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^GPU_TYPES_FILE: gpu_types\[0\]\.type: must be a word such as h100.*; it was /m,
  );
  assert.match(
    stderr,
    /^GPU_TYPES_FILE: gpu_types\[0\]\.gpus: must be a whole number from 1 to 64; it was the number 0$/m,
  );
  const missing = path.join(folder, "none.yaml");
  const absent = await run({ ENVIRONMENT: "dev", DATABASE_URL, GPU_TYPES_FILE: missing });
  assert.match(absent.stderr, /^GPU_TYPES_FILE: ENOENT/);
});

test("a good file is what is offered afterwards", async () => {
  const file = path.join(folder, "good.yaml");
  await writeFile(
    file,
    "gpu_types:\n  - {type: mi300x, instance_types: [m300.8], resource: amd.com/gpu, gpus: 8, cpus: 96, memory_gb: 1536}\n",
  );
  const url = await cluster.createEmptyDatabase();
  const { code, stdout } = await run({
    ENVIRONMENT: "dev",
    DATABASE_URL: url,
    GPU_TYPES_FILE: file,
  });
  assert.equal(code, 0, stdout);
  const { pool } = openStore(url);
  const [type, ...more] = (await readAvailability(pool)).filter(({ is_active }) => is_active);
  assert.deepEqual([type?.gpu_type, type?.max_gpus, more], ["mi300x", 8, []]);
});
