/** Files of one's own: nobody else reads them, and nobody sees half of one. */
import { randomUUID } from "node:crypto";
import { chmod, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { CliError, codeOf, EXIT } from "../cli-error.ts";

const OF_OTHERS = 0o077;

const WORDS: Readonly<Record<string, string>> = {
  EACCES: "this user may not",
  EPERM: "this user may not",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ENOENT: "a folder on the way is missing",
  ENOTDIR: "a part of the path is no folder",
  EISDIR: "it is a folder",
  ELOOP: "its links go in circles",
  EMFILE: "too many files are open",
  EIO: "the disk fails",
};

/** A sentence about a file, without Node's own words. */
export function fileError(doing: "read" | "write", path: string, error: unknown): CliError {
  const code = codeOf(error);
  const why = WORDS[code] ?? (code || "for an unknown reason");
  return new CliError(
    EXIT.failed,
    `${path} cannot be ${doing === "read" ? "read" : "written"}: ${why}.`,
    {
      cause: error,
    },
  );
}

/** @returns undefined for a file that is not there. @throws CliError */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw fileError("read", path, error);
  }
}

/** With those above it: Node's own way tells of a read-only file system that something is missing. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) === "EEXIST") return;
    if (codeOf(error) !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path, { mode: 0o700 }).catch((failure: unknown) => {
      // another command was faster
      if (codeOf(failure) !== "EEXIST") throw failure;
    });
  }
}

/** Makes `~/.gpu-dev`, for nobody else. @throws CliError */
export async function privateFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
    const found = await stat(folder);
    if (!found.isDirectory()) {
      throw new CliError(EXIT.failed, `${folder} is no folder; move it away.`);
    }
    if ((found.mode & OF_OTHERS) !== 0) await chmod(folder, 0o700);
  } catch (error) {
    throw error instanceof CliError ? error : fileError("write", folder, error);
  }
}

/** What others had of it until now, and what they have still, where a file system knows no owners. */
export interface Rights {
  /** Bits of a mode. */
  readonly had: number;
  readonly have: number;
}

/** Takes from others what they may do with it; of what is not there they have nothing. */
export async function closeToOthers(path: string): Promise<Rights> {
  const mode = () =>
    stat(path).then(
      (found) => found.mode,
      () => 0,
    );
  const before = await mode();
  const had = before & OF_OTHERS;
  if (had === 0) return { had, have: 0 };
  // whether it could be done the mode tells
  await chmod(path, before & 0o700).catch(() => {});
  return { had, have: (await mode()) & OF_OTHERS };
}

export interface PrivateFileOptions {
  /** Of the file; 0600 unless its folder is everybody's. */
  readonly mode?: number;
}

/**
 * Written beside its place and renamed into it: readers find the old one or the new one, whole, and
 * it was never readable for anybody else. The folder must be there.
 *
 * @throws CliError
 */
export async function writeWhole(
  path: string,
  text: string,
  { mode = 0o600 }: PrivateFileOptions = {},
): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    const file = await open(draft, "wx", mode);
    try {
      await file.writeFile(text);
      // a rename that is on the disk before the text leaves an empty file after a crash
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw fileError("write", path, error);
  }
}

/** The same where the folder may have to be made, for settings that are no secret. @throws CliError */
export async function writeSettings(path: string, text: string): Promise<void> {
  try {
    await makeFolder(dirname(path));
  } catch (error) {
    throw fileError("write", path, error);
  }
  await writeWhole(path, text);
}
