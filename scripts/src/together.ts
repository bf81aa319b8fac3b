/** Runs a folder's test files in one process: to start one takes longer than most of them do. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

/** Of which each has a process of its own: it takes long, measures its memory, or changes what all of a process share. */
const ALONE = ".alone.test.ts";

/** @param folder absolute. */
export async function together(folder: string): Promise<void> {
  const { promise: loaded, resolve: tell } = Promise.withResolvers<number>();
  // until all files are there nothing begins: where nothing is left to do, hooks for the end are run, and later ones are not
  test(`the test files of ${basename(dirname(folder))} are loaded`, async () =>
    assert.ok((await loaded) > 0));
  let count = 0;
  try {
    for (const file of readdirSync(folder).sort()) {
      if (!file.endsWith(".test.ts") || file.endsWith(ALONE)) continue;
      await import(pathToFileURL(join(folder, file)).href);
      count++;
    }
  } finally {
    tell(count);
  }
}
