/** Processes that have left their pod's group are known by its mark in their environment. */
import { readdirSync, readFileSync } from "node:fs";

export const MARK = "AIRLOCK_POD";

/** Kills what carries a mark that begins so. Without a /proc there is nothing to look at. */
export function endMarked(mark: string): void {
  for (const pid of pids()) {
    let environment: string;
    try {
      environment = readFileSync(`/proc/${pid}/environ`, "latin1");
    } catch {
      continue; // ended meanwhile, or somebody else's
    }
    const isMarked = environment.split("\0").some((line) => line.startsWith(`${MARK}=${mark}`));
    if (isMarked) killQuietly(pid);
  }
}

function pids(): number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** @param pid negative: a group. */
export function killQuietly(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended already
  }
}
