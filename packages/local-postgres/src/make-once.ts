/** Makes a folder that many processes use and any of them may make first. */
import { createHash, randomUUID } from "node:crypto";
import {
  chmod,
  lchown,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ServerUser } from "./server-user.ts";

const MAX_SPOILT = 20;
/** In the folder: what else must be there. */
const SEAL = ".content";

/**
 * Whole or not at all: others may look for the folder while it is being made. What lies in TMPDIR is
 * tidied away by age, file by file; a folder that is spoilt so, or somebody else's, is left alone, for
 * somebody may be using it, and the next one has a number.
 *
 * @param name below TMPDIR, made of everything that the content depends on.
 * @param user whom all of it belongs to; undefined for whoever runs this process.
 * @param fill puts the content into the empty folder it is given.
 * @returns the folder.
 */
export async function makeOnce(
  name: string,
  user: ServerUser | undefined,
  fill: (draft: string) => Promise<void>,
): Promise<string> {
  for (let number = 1; number <= MAX_SPOILT; number++) {
    const place = path.join(tmpdir(), number === 1 ? name : `${name}-${number}`);
    const isFree = (await lstat(place).catch(() => undefined)) === undefined;
    if (isFree && (await make(place, user, fill))) return place;
    if (await isReady(place, user)) return place;
  }
  throw new Error(`${path.join(tmpdir(), name)} and those with a number are spoilt; remove them`);
}

/** @returns false when something is there already. */
async function make(
  place: string,
  user: ServerUser | undefined,
  fill: (draft: string) => Promise<void>,
): Promise<boolean> {
  const draft = `${place}.${randomUUID()}`;
  try {
    await mkdir(draft, { mode: 0o700 });
    if (user) await lchown(draft, user.uid, user.gid);
    await fill(draft);
    await writeFile(path.join(draft, SEAL), await contentOf(draft));
    // what comes from a checkout may be for its owner's eyes alone
    if (user) await giveTo(user, draft);
    await chmod(draft, 0o700);
    // an empty folder of somebody else would give way to it
    if (await lstat(place).catch(() => undefined)) return false;
    await rename(draft, place);
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

const isTaken = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  /^(EEXIST|ENOTEMPTY|ENOTDIR)$/.test(String(error.code));

async function giveTo({ uid, gid }: ServerUser, folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const child = path.join(folder, entry.name);
    await lchown(child, uid, gid);
    if (entry.isDirectory()) await giveTo({ uid, gid }, child);
  }
}

async function isReady(place: string, user: ServerUser | undefined): Promise<boolean> {
  const found = await lstat(place).catch(() => undefined);
  const owner = user?.uid ?? process.getuid?.();
  if (!found?.isDirectory() || found.uid !== owner || (found.mode & 0o077) !== 0) return false;
  const content = await readFile(path.join(place, SEAL), "utf8").catch(() => undefined);
  return content !== undefined && content === (await contentOf(place));
}

/** A mark of all names and sizes. */
async function contentOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.name !== SEAL && !entry.isDirectory());
  const lines = await Promise.all(
    files.map(async ({ parentPath, name }) => {
      const file = path.join(parentPath, name);
      return `${path.relative(folder, file)} ${(await lstat(file)).size}`;
    }),
  );
  return createHash("sha256").update(lines.sort().join("\n")).digest("hex");
}
