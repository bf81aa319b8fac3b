/** A copy of this checkout, for tests that change it or want it elsewhere. */
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import type { TestContext } from "node:test";
import { ROOT, stopRuns } from "./harness.ts";

const NOT_COPIED = new Set([".git", ".airlock", "node_modules", "dist", "test", "docs", "bench"]);

/** This checkout's sources, to be changed, with what it has installed. */
export async function copyCheckout(t: TestContext, parent = tmpdir()): Promise<string> {
  const copy = await mkdtemp(join(parent, "airlock-checkout-"));
  t.after(async () => {
    await stopRuns(t);
    await rm(copy, { recursive: true, force: true, maxRetries: 10 });
  });
  await cp(ROOT, copy, {
    recursive: true,
    verbatimSymlinks: true,
    // links to other packages, in the copy, and to what is installed, through the link below
    filter: (path) =>
      !NOT_COPIED.has(basename(path)) ||
      /^(packages|services|scripts)\//.test(relative(ROOT, path)),
  });
  await symlink(join(ROOT, "node_modules"), join(copy, "node_modules"));
  return copy;
}
