/** Notices when the package runner that started this process (npx, pnpm and their shells) is gone. */
import { execFileSync } from "node:child_process";

const POLL_MS = 500;

/**
 * A runner that is killed does not always tell its script, and then nobody could press Ctrl-C.
 *
 * @param onGone called once, when one of the runners above this process has ended.
 */
export function watchPackageRunner(onGone: () => void): void {
  const runners = runnersAbove();
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent && runners.every(isAlive)) return;
    clearInterval(timer);
    onGone();
  }, POLL_MS).unref();
}

/** The process ids above this one, as far up as their commands name pnpm. */
function runnersAbove(): number[] {
  const table = new Map<number, { parent: number; command: string }>();
  for (const line of listProcesses().split("\n")) {
    const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
    if (match) table.set(Number(match[1]), { parent: Number(match[2]), command: match[3] ?? "" });
  }
  const runners: number[] = [];
  let pid = process.ppid;
  for (let row = table.get(pid); row; row = table.get(pid)) {
    const isOurShell = pid === process.ppid;
    if (!isOurShell && !/\bp?npm\b|\bnpx\b/.test(row.command)) break;
    runners.push(pid);
    pid = row.parent;
  }
  return runners;
}

function listProcesses(): string {
  try {
    return execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" });
  } catch {
    return ""; // without ps the direct parent is still watched
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
