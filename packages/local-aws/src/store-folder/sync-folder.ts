// Makes names that came into a folder last through a loss of power.

import { closeSync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";

/** @param file one that was put there by a rename. */
export function syncFolder(file: string): void {
  const descriptor = openSync(dirname(file), "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
