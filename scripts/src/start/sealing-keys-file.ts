/** The file with the key that encrypts env_vars: made once, kept beside what it encrypts. */
import { randomBytes } from "node:crypto";
import { link, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

const BYTES = 32;

/**
 * @param folder is made when it is not there.
 * @param reset makes a new key, as nothing is left that the old one could open.
 * @returns the path of the file.
 */
export async function keepSealingKeys(folder: string, reset: boolean): Promise<string> {
  const path = join(folder, "env-vars-keys");
  await mkdir(folder, { recursive: true });
  if (reset) await rm(path, { force: true });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `local:${randomBytes(BYTES).toString("base64")}\n`, { mode: 0o600 });
  try {
    // a hard link appears with its content, and never replaces a file that is there
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return path;
}
