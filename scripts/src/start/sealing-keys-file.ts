/** The file with the key that encrypts env_vars: made once, kept beside what it encrypts. */
import { randomBytes } from "node:crypto";
import { access } from "node:fs/promises";
import { join } from "node:path";
import type { DataFolder } from "./data-folder.ts";

export const SEALING_KEYS_NAME = "env-vars-keys";
const BYTES = 32;

/**
 * @param folder whose part of jobs nobody else has.
 * @param reset makes a new key, as nothing is left that the old one could open.
 * @returns the path of the file.
 */
export async function keepSealingKeys(folder: DataFolder, reset: boolean): Promise<string> {
  const file = join(folder.path, SEALING_KEYS_NAME);
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (isThere && !reset) return file;
  return folder.write(SEALING_KEYS_NAME, `local:${randomBytes(BYTES).toString("base64")}\n`);
}
