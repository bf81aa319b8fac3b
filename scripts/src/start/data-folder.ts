/** The folder of what a run keeps from one start to the next: made here, and each part held alone. */
import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type FolderLock, InUseError, lockFolder } from "@airlock/folder-lock";

/** What is kept: the parameters and objects of the stand-in, and what jobs has. */
export type Part = "aws" | "jobs";

export interface DataFolder {
  readonly path: string;
  /** Puts a file there that its owner alone can read; another one of that name is replaced. */
  write(name: string, text: string): Promise<string>;
  /** Lets others have its parts. */
  close(): Promise<void>;
}

/**
 * @param place may be relative to where this process runs.
 * @param parts those that the run has to itself, until it closes the folder.
 * @throws InUseError when another run has one of them; Error that says why there can be no folder.
 */
export async function openDataFolder(place: string, parts: readonly Part[]): Promise<DataFolder> {
  const path = resolve(place);
  await makeFolder(path);
  const held: FolderLock[] = [];
  const close = async () => {
    for (const part of held.splice(0)) await part.release();
  };
  try {
    for (const part of parts) held.push(await lockFolder(path, part));
  } catch (error) {
    await close();
    throw error instanceof InUseError ? error : unusable(error);
  }
  return {
    path,
    async write(name, text) {
      const file = join(path, name);
      const draft = `${file}.${process.pid}`;
      await writeFile(draft, text, { mode: 0o600 });
      await rename(draft, file).catch(async (error) => {
        await rm(draft, { force: true });
        throw error;
      });
      return file;
    },
    close,
  };
}

/** As root it is one that others may pass, though not look into: Postgres runs as another user. */
async function makeFolder(path: string): Promise<void> {
  try {
    const made = await mkdir(path, { recursive: true });
    // one that was there is as its owner wants it
    if (made !== undefined) await chmod(path, process.getuid?.() === 0 ? 0o711 : 0o700);
  } catch (error) {
    throw unusable(error);
  }
}

const unusable = (error: unknown): Error =>
  new Error(`DATA_FOLDER cannot be used: ${(error as Error).message}`);
