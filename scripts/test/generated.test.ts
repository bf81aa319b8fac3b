/** Documents and code say the same. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { PROBLEMS } from "@airlock/contract";
import { ROOT, staleFiles } from "../src/generated/files.ts";

const read = (path: string) => readFile(new URL(path, ROOT), "utf8");

test("generated files hold what the code says", async () => {
  const stale = (await staleFiles()).map(({ path }) => path);
  assert.deepEqual(stale, [], "run: pnpm check --fix");
});

test("every error code is explained", async () => {
  const text = await read("docs/errors.md");
  for (const code of Object.keys(PROBLEMS)) {
    assert.match(text, new RegExp(`\\| \`${code}\` \\| [^|]+ \\| \\S[^|]+ \\|`), code);
  }
});

test("every script in package.json is in the README's table, or in the row of its kin", async () => {
  const { scripts } = JSON.parse(await read("package.json"));
  const readme = await read("README.md");
  for (const script of Object.keys(scripts)) assert.ok(readme.includes(`\`${script}\``), script);
});

test("links between documents lead somewhere", async () => {
  for (const document of [
    "README.md",
    "CONTRIBUTING.md",
    "docs/errors.md",
    "docs/architecture.md",
    "docs/metrics.md",
    "docs/runbook.md",
  ]) {
    const text = await read(document);
    for (const [, target = ""] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      await assert.doesNotReject(
        readFile(new URL(target, new URL(document, ROOT))),
        `${document}: ${target}`,
      );
    }
  }
});
