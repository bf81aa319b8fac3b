/** Every way of saving is noticed, each time, and nothing else is. */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type SourceWatchOptions, watchSources } from "../src/start/watch/watch-sources.ts";

const QUIET_MS = 30;

interface Bench {
  readonly path: (file: string) => string;
  /** What `save` was noticed as. */
  noticed(save: () => Promise<unknown>): Promise<readonly string[]>;
  /** How often something was noticed. */
  readonly times: () => number;
}

/** Time between looks is so long that folders alone tell, unless a test is about time. */
async function bench(t: TestContext, more: Partial<SourceWatchOptions> = {}): Promise<Bench> {
  const root = await mkdtemp(join(tmpdir(), "airlock-watch-"));
  const path = (file: string) => join(root, file);
  for (const file of [
    "packages/a/src/one.ts",
    "packages/a/src/deep/two.ts",
    "services/b/src/x.ts",
  ]) {
    await mkdir(dirname(path(file)), { recursive: true });
    await writeFile(path(file), "1");
  }
  const changes = new EventEmitter();
  let times = 0;
  const watch = await watchSources({
    root,
    quietMs: QUIET_MS,
    periodMs: 600_000,
    ...more,
    onChange: (files) => {
      times++;
      changes.emit("change", files);
    },
  });
  t.after(async () => {
    await watch.close();
    await rm(root, { recursive: true, force: true, maxRetries: 10 });
  });
  // the look that comes with the first watch of a folder
  await sleep(4 * QUIET_MS);
  return {
    path,
    times: () => times,
    async noticed(save) {
      const change = once(changes, "change");
      await save();
      const [files] = (await change) as [readonly string[]];
      return files;
    },
  };
}

/** As `sed -i`, `git checkout` and most editors do. */
async function renameSave(file: string, text: string): Promise<void> {
  const draft = join(dirname(file), `sed${Math.random().toString(36).slice(2, 8)}`);
  await writeFile(draft, text);
  await rename(draft, file);
}

test("20 saves by rename are noticed 20 times, with their file and no other", async (t) => {
  const { path, noticed, times } = await bench(t);
  for (let save = 0; save < 20; save++) {
    const file = save % 2 ? "packages/a/src/one.ts" : "packages/a/src/deep/two.ts";
    // the same text, too: whoever saves asks for a restart
    assert.deepEqual(await noticed(() => renameSave(path(file), String(save >> 2))), [file]);
  }
  assert.equal(times(), 20);
});

test("a file that is gone and comes again, as git checks out, is noticed each time", async (t) => {
  const { path, noticed, times } = await bench(t);
  const file = "services/b/src/x.ts";
  for (let save = 0; save < 5; save++) {
    assert.deepEqual(await noticed(() => rm(path(file))), [file]);
    assert.deepEqual(await noticed(() => writeFile(path(file), "2", { flag: "wx" })), [file]);
  }
  assert.equal(times(), 10);
});

test("many files at once are one change", async (t) => {
  const { path, noticed, times } = await bench(t);
  const names = Array.from({ length: 300 }, (_, n) => `packages/a/src/deep/${n}.ts`);
  const files = await noticed(async () => {
    // in one go, whatever else the machine does meanwhile
    for (const name of names) writeFileSync(path(name), "1");
  });
  assert.deepEqual(files, names.sort());
  await noticed(async () => {
    for (const name of names) rmSync(path(name));
  });
  assert.equal(times(), 2);
});

test("new folders, and folders in place of others, are watched from then on", async (t) => {
  const { path, noticed } = await bench(t);
  const file = "packages/a/src/new/deeper/three.ts";
  const make = async () => {
    await mkdir(dirname(path(file)), { recursive: true });
    await writeFile(path(file), "1");
  };
  assert.deepEqual(await noticed(make), [file]);
  assert.deepEqual(await noticed(() => renameSave(path(file), "2")), [file]);
  assert.deepEqual(await noticed(() => rm(path("packages/a/src/new"), { recursive: true })), [
    file,
  ]);
  assert.deepEqual(await noticed(make), [file]);
  assert.deepEqual(await noticed(() => renameSave(path(file), "3")), [file]);
  const moved = "packages/a/src/moved/deeper/three.ts";
  const move = () => rename(path("packages/a/src/new"), path("packages/a/src/moved"));
  assert.deepEqual(await noticed(move), [moved, file]);
  assert.deepEqual(await noticed(() => renameSave(path(moved), "4")), [moved]);
  // gone and there again between two looks
  const replace = async () => {
    rmSync(path("packages/a/src/moved"), { recursive: true });
    mkdirSync(dirname(path(moved)), { recursive: true });
    writeFileSync(path(moved), "5");
  };
  assert.deepEqual(await noticed(replace), [moved]);
  assert.deepEqual(await noticed(() => writeFile(path(moved), "6")), [moved]);
});

test("what no service is made of is nothing: rights, drafts, tests, output, installed packages", async (t) => {
  const { path, noticed, times } = await bench(t);
  await chmod(path("packages/a/src/one.ts"), 0o600);
  for (const file of [
    "packages/a/src/.one.ts.swp",
    "packages/a/src/one.ts~",
    "packages/a/src/4913",
    "packages/a/test/one.test.ts",
    "packages/a/dist/one.js",
    "packages/a/node_modules/x/index.js",
    "packages/a/README.md",
  ]) {
    await mkdir(dirname(path(file)), { recursive: true });
    await writeFile(path(file), "1");
  }
  const file = "services/b/src/x.ts";
  assert.deepEqual(await noticed(() => writeFile(path(file), "2")), [file]);
  assert.equal(times(), 1);
});

test("where folders tell nothing, or the system has no more watches to give, time does", async (t) => {
  const watch = () => {
    throw new Error("ENOSPC: System limit for number of file watchers reached");
  };
  const { path, noticed } = await bench(t, { periodMs: 50, watch });
  const file = "packages/a/src/one.ts";
  assert.deepEqual(await noticed(() => renameSave(path(file), "2")), [file]);
});
