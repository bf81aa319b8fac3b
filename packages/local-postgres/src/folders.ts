/** The folders Postgres lives in: private to the user it runs as. */

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, chown, lstat, mkdir, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type ServerUser, serverUser } from "./server-user.ts";

/**
 * Where a server keeps its data from one run to the next: in `parent`. Root's server runs as another
 * user; where that one cannot pass, its data goes below TMPDIR, a folder for each `parent`.
 *
 * @param parent exists.
 */
export async function postgresFolder(parent: string): Promise<string> {
  const user = serverUser();
  if (!user || (await canEnter(parent, user))) return path.join(parent, "postgres");
  const mark = createHash("sha256").update(path.resolve(parent)).digest("hex").slice(0, 12);
  return path.join(tmpdir(), `airlock-postgres-${mark}`);
}

/** A question for the system alone: rights of all folders above, groups, lists of who may what. */
export async function canEnter(folder: string, user: ServerUser): Promise<boolean> {
  const shell = spawn("/bin/sh", ["-c", 'cd "$1"', "sh", folder], {
    ...user,
    cwd: "/",
    stdio: "ignore",
  });
  const [code] = (await once(shell, "close")) as [number | null];
  return code === 0;
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
