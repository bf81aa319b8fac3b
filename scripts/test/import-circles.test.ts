/** `pnpm check` finds files that import each other, by whatever way round and for types alone too. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "./harness.ts";

const PLANTED: Readonly<Record<string, readonly [name: string, text: string][]>> = {
  none: [
    ["a.ts", 'import { b } from "./b.ts";\n\nexport const a = (): number => b;\n'],
    ["b.ts", "export const b = 1;\n"],
  ],
  "of two": [
    ["a.ts", 'import { b } from "./b.ts";\n\nexport const a = (): number => b() + 1;\n'],
    ["b.ts", 'import { a } from "./a.ts";\n\nexport const b = (): number => a() - 1;\n'],
  ],
  "of two, for a type": [
    ["a.ts", 'import { b } from "./b.ts";\n\nexport type A = number;\nexport const a: A = b;\n'],
    ["b.ts", 'import type { A } from "./a.ts";\n\nexport const b: A = 1;\n'],
  ],
  "of three": [
    ["a.ts", 'import { b } from "./b.ts";\n\nexport const a = (): number => b();\n'],
    ["b.ts", 'import { c } from "./c.ts";\n\nexport const b = (): number => c();\n'],
    ["c.ts", 'import { a } from "./a.ts";\n\nexport const c = (): number => a();\n'],
  ],
};

for (const [circle, files] of Object.entries(PLANTED)) {
  test(`a circle: ${circle}`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "airlock-circle-"));
    t.after(() => rm(folder, { recursive: true }));
    await copyFile(join(ROOT, "biome.json"), join(folder, "biome.json"));
    for (const [name, text] of files) await writeFile(join(folder, name), text);
    const biome = join(ROOT, "node_modules/.bin/biome");
    const args = ["check", "--error-on-warnings", "."]; // as scripts/src/check.ts does
    const { status, stdout, stderr } = spawnSync(biome, args, { cwd: folder, encoding: "utf8" });
    assert.equal(status, circle === "none" ? 0 : 1, stdout + stderr);
    const found = stderr.match(/noImportCycles/g) ?? stdout.match(/noImportCycles/g) ?? [];
    assert.equal(found.length, circle === "none" ? 0 : files.length, stdout + stderr);
  });
}
