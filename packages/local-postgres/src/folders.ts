/** The folders Postgres lives in: private to the user it runs as. */

import { createHash } from "node:crypto";
import { chmod, chown, lstat, mkdir, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ServerUser } from "./server-user.ts";

/**
 * Where data stays between runs. Root's server runs as another user, who may be unable to enter the
 * checkout, so its data goes below TMPDIR, one folder for each checkout.
 *
 * @param root the checkout.
 */
export function defaultFolder(root: string, user: ServerUser | undefined): string {
  if (!user) return path.join(root, ".airlock", "postgres");
  const checkout = createHash("sha256").update(path.resolve(root)).digest("hex").slice(0, 12);
  return path.join(tmpdir(), `airlock-postgres-${checkout}`);
}

/**
 * Makes `folder` private (0700) to the server's user. A folder of somebody else is refused, and one
 * with foreign content is never taken over: what is in it may be removed later.
 *
 * @throws Error that names the folder.
 */
export async function preparePrivateFolder(
  folder: string,
  user: ServerUser | undefined,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const found = await lstat(folder);
  if (!found.isDirectory()) throw new Error(`${folder} is not a folder`);
  const owner = user?.uid ?? process.getuid?.();
  if (found.uid !== owner) {
    const isOurs = found.uid === process.getuid?.() && (await readdir(folder)).length === 0;
    if (!user || !isOurs)
      throw new Error(`${folder} belongs to somebody else; name another folder`);
    await chown(folder, user.uid, user.gid);
  }
  await chmod(folder, 0o700);
}
