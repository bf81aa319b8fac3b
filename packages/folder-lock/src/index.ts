/** A folder, or a part of one, that one process has to itself, and that the dead do not keep. */
import { randomUUID } from "node:crypto";
import { link, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

export interface FolderLock {
  release(): Promise<void>;
}

export class InUseError extends Error {
  /** Undefined for the folder as a whole. */
  readonly part: string | undefined;

  constructor(folder: string, part: string | undefined, pid: number) {
    super(`${part === undefined ? folder : join(folder, part)} is in use by process ${pid}`);
    this.name = "InUseError";
    this.part = part;
  }
}

/** The holder of a place that was left in order. */
const NOBODY = "nobody";
/** Of a system that does not tell when a process began. */
const UNKNOWN = "-";

/**
 * Each holder has a file of its own, `lock.<number>`: the next number is taken by a hard link, which
 * one process alone can make, and the last one is never removed. So nobody removes a file that
 * somebody else has just taken, however many find the same dead holder at once.
 *
 * @param folder must be there.
 * @param part of what is in it, when others may have the rest.
 * @throws InUseError that names the process that has it.
 */
export async function lockFolder(folder: string, part?: string): Promise<FolderLock> {
  const place = join(folder, part === undefined ? "lock" : `${part}.lock`);
  const draft = `${place}.${randomUUID()}`;
  const { pid: own } = process;
  await writeFile(draft, `${own} ${await startOf(own)}`, { mode: 0o600 });
  try {
    for (;;) {
      const last = await lastOf(place);
      const pid = last && (await livingHolder(last.file));
      if (pid !== undefined) throw new InUseError(folder, part, pid);
      const number = (last?.number ?? 0) + 1;
      const file = fileOf(place, number);
      if (!(await linkNew(draft, file))) continue;
      // whoever looked long ago may find a number free that had been taken, left and tidied away
      if ((await lastOf(place))?.number === number) return held(place, number);
      await rm(file, { force: true });
    }
  } finally {
    await rm(draft, { force: true });
  }
}

async function held(place: string, number: number): Promise<FolderLock> {
  const file = fileOf(place, number);
  for (const older of await numbersOf(place)) {
    if (older < number) await rm(fileOf(place, older), { force: true });
  }
  return {
    async release() {
      const draft = `${place}.${randomUUID()}`;
      try {
        await writeFile(draft, NOBODY, { mode: 0o600 });
        await rename(draft, file);
      } catch (error) {
        // whoever removed the folder has released the place as well
        if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
      }
    },
  };
}

const fileOf = (place: string, number: number): string => `${place}.${number}`;

async function numbersOf(place: string): Promise<number[]> {
  const prefix = `${basename(place)}.`;
  const names = (await readdir(dirname(place))).filter((name) => name.startsWith(prefix));
  return names
    .map((name) => name.slice(prefix.length))
    .filter((digits) => /^\d+$/.test(digits))
    .map(Number);
}

async function lastOf(place: string) {
  const numbers = await numbersOf(place);
  if (numbers.length === 0) return undefined;
  const number = Math.max(...numbers);
  return { number, file: fileOf(place, number) };
}

/** @returns whether the link is ours: it appears with its content, so that no one reads half a name. */
async function linkNew(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/** The process id in a file, when that very process lives. */
async function livingHolder(file: string): Promise<number | undefined> {
  const holder = await readFile(file, "utf8").catch(() => NOBODY);
  const [, digits, start] = /^(\d+) (\S+)$/.exec(holder) ?? [];
  const pid = Number(digits ?? Number.NaN);
  if (Number.isNaN(pid) || !isRunning(pid)) return undefined;
  // the number may belong to another process by now, where that can be told
  const begun = await startOf(pid);
  return begun === UNKNOWN || start === UNKNOWN || begun === start ? pid : undefined;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** When a process began, in the kernel's ticks. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // the second field is the program's name in parentheses and may itself hold spaces
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? UNKNOWN;
}
