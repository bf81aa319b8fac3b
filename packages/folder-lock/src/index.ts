/** One process per folder: a lock that names its holder and that the dead do not keep. */
import { randomUUID } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

export interface FolderLock {
  release(): Promise<void>;
}

/**
 * @param folder must be there.
 * @throws Error that names the folder and the process that holds it.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const place = path.join(folder, "lock");
  const draft = `${place}.${randomUUID()}`;
  const holder = `${process.pid} ${(await startOf(process.pid)) ?? "-"}`;
  await writeFile(draft, holder, { mode: 0o600 });
  try {
    for (let tries = 0; tries < 3; tries++) {
      if (await take(draft, place)) return { release: () => rm(place, { force: true }) };
      const found = await readFile(place, "utf8").catch(() => undefined);
      if (found === undefined) continue;
      if (await isAlive(found)) {
        const pid = found.split(" ")[0];
        throw new Error(`${folder} is in use by process ${pid}; stop it or name another folder`);
      }
      await rm(place, { force: true });
    }
    throw new Error(`${folder} is being taken by another process; try again`);
  } finally {
    await rm(draft, { force: true });
  }
}

/** A hard link appears with its content, so that no one ever reads a lock half written. */
async function take(draft: string, place: string): Promise<boolean> {
  try {
    await link(draft, place);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

async function isAlive(holder: string): Promise<boolean> {
  const [pid, start] = holder.split(" ");
  if (!pid || !/^\d+$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  const known = await startOf(Number(pid));
  return known === undefined || start === "-" || start === known;
}

/** When a process began, in the kernel's ticks: its number may belong to another one by now. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // the second field is the program's name in parentheses and may itself hold spaces
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}
