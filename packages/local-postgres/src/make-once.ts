/** Makes a folder that many processes use and any of them may make first. */
import { randomUUID } from "node:crypto";
import { chmod, chown, lstat, mkdir, rename, rm } from "node:fs/promises";
import type { ServerUser } from "./server-user.ts";

/**
 * Whole or not at all: others may look for the folder while it is being made.
 *
 * @param place below TMPDIR, named after everything that its content depends on.
 * @param fill puts the content into the empty folder it is given.
 * @throws Error when somebody else has put something there: TMPDIR is open to everybody.
 */
export async function makeOnce(
  place: string,
  user: ServerUser | undefined,
  fill: (draft: string) => Promise<void>,
): Promise<string> {
  if (await isReady(place, user)) return place;
  const draft = `${place}.${randomUUID()}`;
  try {
    await mkdir(draft, { mode: 0o700 });
    if (user) await chown(draft, user.uid, user.gid);
    await fill(draft);
    await chmod(draft, 0o700);
    await rename(draft, place);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!(await isReady(place, user))) throw error;
  }
  return place;
}

async function isReady(place: string, user: ServerUser | undefined): Promise<boolean> {
  const found = await lstat(place).catch(() => undefined);
  if (!found) return false;
  const owner = user?.uid ?? process.getuid?.();
  if (found.isDirectory() && found.uid === owner && (found.mode & 0o077) === 0) return true;
  throw new Error(`${place} was not made by this package; remove it`);
}
