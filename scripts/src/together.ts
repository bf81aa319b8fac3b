/** Runs a folder's test files in one process: to start one takes longer than most of them do. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Of which each has a process of its own: it takes long, measures its memory, or changes what all of a process share. */
const ALONE = ".alone.test.ts";

/** @param folder absolute. */
export async function together(folder: string): Promise<void> {
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith(".test.ts") || file.endsWith(ALONE)) continue;
    await import(pathToFileURL(join(folder, file)).href);
  }
}
