/** Files that are replaced while a process runs, and how often trouble with them is told. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLogPace, fileVersion, followFile } from "@airlock/config";

test("a file is taken over once for each change, by rewriting, by a swap of symlinks, and back again", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "airlock-follow-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "link");
  await writeFile(join(folder, "one"), "one");
  await writeFile(join(folder, "two"), "two");
  await symlink("one", path);
  const seen: string[] = [];
  const followed = followFile(path, {
    version: await fileVersion(path),
    async take() {
      const text = await readFile(path, "utf8");
      if (text === "bad") throw new Error("bad");
      seen.push(text);
    },
    good: () => void seen.push("good"),
    failed: (error) => void seen.push((error as Error).message.slice(0, 6)),
  });
  t.after(() => followed.close());
  const afterLook = async () => {
    await followed.refresh();
    return seen.splice(0).join(" ");
  };
  assert.equal(await afterLook(), "good");
  await symlink("two", join(folder, "next"));
  await rename(join(folder, "next"), path);
  assert.equal(await afterLook(), "two good");
  await writeFile(path, "bad");
  assert.equal(await afterLook(), "bad");
  assert.equal(await afterLook(), "bad", "what could not be taken is tried again");
  await writeFile(path, "good again");
  assert.equal(await afterLook(), "good again good");
  await rm(path);
  assert.equal(await afterLook(), "ENOENT");
  await symlink("two", path);
  assert.equal(await afterLook(), "good", "the same file is back");
});

test("the first failure is logged, then one in half a minute", () => {
  let nowMs = 0;
  const isLogged = createLogPace(() => nowMs);
  const logged: number[] = [];
  for (nowMs = 0; nowMs < 100_000; nowMs += 5000) if (isLogged(nowMs === 0)) logged.push(nowMs);
  assert.deepEqual(logged, [0, 30_000, 60_000, 90_000]);
  nowMs = 91_000;
  assert.equal(isLogged(false), false);
  assert.equal(isLogged(true), true, "the first of others");
});
