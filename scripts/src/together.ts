/** Runs a folder's test files in one process: to start one takes longer than most of them do. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

/** Of which each has a process of its own: it takes long, measures its memory, or changes what all of a process share. */
const ALONE = ".alone.test.ts";

/**
 * @param folder absolute.
 * @param part which of how many processes this is, where one would take long.
 */
export async function together(folder: string, [part, of] = [1, 1]): Promise<void> {
  const { promise: loaded, resolve: tell } = Promise.withResolvers<number>();
  // until all files are there nothing begins: where nothing is left to do, hooks for the end are run, and later ones are not
  test(`the test files of ${basename(dirname(folder))} are loaded`, async () =>
    assert.ok((await loaded) > 0));
  let count = 0;
  try {
    const files = readdirSync(folder).filter((file) => file.endsWith(".test.ts"));
    const shared = files.filter((file) => !file.endsWith(ALONE)).sort();
    for (const file of shared.filter((_, index) => index % of === part - 1)) {
      await import(pathToFileURL(join(folder, file)).href);
      count++;
    }
  } finally {
    tell(count);
  }
}
