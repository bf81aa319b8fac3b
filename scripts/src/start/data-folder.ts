/** The folder of what a run keeps from one start to the next: made here, and private to its owner. */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

export interface DataFolder {
  readonly path: string;
  /** Puts a file there that its owner alone can read; another one of that name is replaced. */
  write(name: string, text: string): Promise<string>;
}

/** @param place may be relative to where this process runs. */
export async function openDataFolder(place: string): Promise<DataFolder> {
  const path = resolve(place);
  await mkdir(path, { recursive: true });
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
  };
}
