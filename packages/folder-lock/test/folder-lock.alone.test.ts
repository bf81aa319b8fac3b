/** One process has a folder to itself, however many want it at once, and the dead do not keep it. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { link, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type FolderLock, InUseError, lockFolder } from "@airlock/folder-lock";

const folder = await mkdtemp(join(tmpdir(), "airlock-folder-lock-"));
after(() => rm(folder, { recursive: true, force: true }));
const fresh = () => mkdtemp(join(folder, "one-"));
const STALE = "999999999 1";

test("who has it is named to a second one, until it is released", async () => {
  const own = await fresh();
  const first = await lockFolder(own);
  const pid = process.pid;
  await assert.rejects(lockFolder(own), new InUseError(own, undefined, pid));
  await first.release();
  const second = await lockFolder(own);
  await assert.rejects(lockFolder(own), InUseError);
  await second.release();
});

for (const [what, holder] of [
  ["a process that is dead", STALE],
  ["another process with its number", `${process.pid} 1`],
  ["nobody who could be read", "not a holder"],
] as const) {
  test(`the hold of ${what} is taken over`, async () => {
    const own = await fresh();
    await writeFile(`${own}/lock.7`, holder);
    const held = await lockFolder(own);
    await assert.rejects(lockFolder(own), InUseError);
    await held.release();
  });
}

test("parts of a folder are held by themselves", async () => {
  const own = await fresh();
  const parts = [
    await lockFolder(own, "aws"),
    await lockFolder(own, "jobs"),
    await lockFolder(own),
  ];
  await assert.rejects(lockFolder(own, "aws"), new InUseError(own, "aws", process.pid));
  for (const part of parts) await part.release();
});

test("neither drafts nor the files of former holders pile up", async () => {
  const own = await fresh();
  for (let n = 0; n < 5; n++) await (await lockFolder(own)).release();
  const names = await readdir(own);
  assert.equal(names.length, 1, names.join());
});

test("a folder that is removed meanwhile is released", async () => {
  const gone = await fresh();
  const held = await lockFolder(gone);
  await rm(gone, { recursive: true });
  await held.release();
});

/** How many of many win when all find the same dead holder, hold it for a moment and go. */
async function mostAtOnce(hold: (own: string) => Promise<FolderLock>): Promise<number> {
  let most = 0;
  for (let round = 0; round < 30; round++) {
    const own = await fresh();
    await writeFile(`${own}/lock.1`, STALE);
    let holding = 0;
    let wins = 0;
    const race = async () => {
      // some come early, some late
      for (let wait = Math.random() * 4; wait > 1; wait--)
        await readFile(`${own}/lock.1`).catch(() => {});
      const held = await hold(own).catch(() => undefined);
      if (!held) return;
      wins++;
      most = Math.max(most, ++holding);
      await sleep(10);
      holding--;
      await held.release();
    };
    await Promise.all(Array.from({ length: 16 }, race));
    assert.ok(wins > 0, "nobody");
  }
  return most;
}

test("however many find one dead holder, one has the place at a time", async () => {
  assert.equal(await mostAtOnce((own) => lockFolder(own)), 1);
});

test("the same race finds two holders where a dead one's file is removed by whoever finds it", async () => {
  const removing = async (own: string): Promise<FolderLock> => {
    const file = `${own}/lock.1`;
    const draft = join(own, randomUUID());
    await writeFile(draft, "me");
    const holder = await readFile(file, "utf8").catch(() => undefined);
    if (holder === "me") throw new Error("in use");
    // time enough for others to find the same
    await sleep(Math.random() * 10);
    await rm(file, { force: true });
    await link(draft, file);
    return { release: () => rm(file, { force: true }) };
  };
  assert.ok((await mostAtOnce(removing)) > 1);
});
