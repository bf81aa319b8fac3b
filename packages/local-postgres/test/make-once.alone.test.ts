/** A folder in TMPDIR that is shared, spoilt, tidied away by halves or somebody else's. */
import assert from "node:assert/strict";
import { chmod, lstat, mkdir, mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { makeOnce } from "../src/make-once.ts";
import { serverUser } from "../src/server-user.ts";

const original = tmpdir();
let folder = "";
let made = 0;
const fill = async (draft: string) => {
  made++;
  await mkdir(path.join(draft, "bin"));
  // for its owner's eyes alone, as a checkout of umask 077 has it
  await writeFile(path.join(draft, "bin/tool"), "tool", { mode: 0o700 });
};
const make = () => makeOnce("thing", serverUser(), fill);

before(async () => {
  folder = await mkdtemp(path.join(original, "airlock-make-once-"));
  await chmod(folder, 0o711);
  process.env.TMPDIR = folder;
});
after(async () => {
  process.env.TMPDIR = original;
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  made = 0;
  for (const name of await readdir(folder)) await rm(path.join(folder, name), { recursive: true });
});

test("it is made once, belongs to the server's user whole, and leaves no draft", async () => {
  const place = path.join(folder, "thing");
  assert.deepEqual([await make(), await make(), made], [place, place, 1]);
  const owner = serverUser()?.uid ?? process.getuid?.();
  for (const part of ["", "bin", "bin/tool"]) {
    assert.equal((await lstat(path.join(place, part))).uid, owner, part);
  }
  assert.deepEqual(await readdir(folder), ["thing"]);
});

test("many who make it at once have one", async () => {
  const places = await Promise.all(Array.from({ length: 8 }, make));
  assert.equal(new Set(places).size, 1);
  assert.deepEqual(await readdir(folder), ["thing"]);
});

for (const [what, spoil] of [
  ["of which a file was tidied away", (place: string) => rm(path.join(place, "bin/tool"))],
  ["of which a file is short", (place: string) => truncate(path.join(place, "bin/tool"), 1)],
  ["with a file too many", (place: string) => writeFile(path.join(place, "bin/more"), "")],
  ["that anybody may enter", (place: string) => chmod(place, 0o755)],
] as const) {
  test(`one ${what} is left alone, and another one made`, async () => {
    await spoil(await make());
    const other = path.join(folder, "thing-2");
    assert.deepEqual([await make(), await make(), made], [other, other, 2]);
  });
}

test("something else of its name is left alone", async () => {
  await writeFile(path.join(folder, "thing"), "");
  await mkdir(path.join(folder, "thing-2"));
  assert.equal(await make(), path.join(folder, "thing-3"));
});
