/** Ends a server whose parent is gone, however the parent went: nobody is left behind. */
import { spawn } from "node:child_process";

/**
 * INT is Postgres' fast shutdown, QUIT the immediate one. A discarded folder is removed once the
 * server has removed its postmaster.pid, or two seconds later.
 */
const SCRIPT = `
read -r _
kill -"$2" "$1" 2>/dev/null
[ -z "$3" ] && exit
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  [ -e "$3/data/postmaster.pid" ] || break
  sleep 0.1
done
rm -rf "$3"
`;

export interface Guardian {
  /** The server is ended by its parent, or has ended itself. */
  dismiss(): void;
}

/**
 * A shell that waits on a pipe from this process. The kernel closes the pipe when this process ends,
 * also by SIGKILL, where no handler of ours would run.
 *
 * @param discard a folder that is worth nothing without this process.
 */
export function guard(pid: number, discard: string | undefined): Guardian {
  const signal = discard === undefined ? "INT" : "QUIT";
  const args = ["-c", SCRIPT, "guardian", String(pid), signal, discard ?? ""];
  // a session of its own: Ctrl-C in a terminal must not reach it
  const shell = spawn("/bin/sh", args, { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  shell.unref();
  // a guardian that is gone is noticed by nobody who could do better
  shell.on("error", () => {});
  shell.stdin.on("error", () => {});
  if ("unref" in shell.stdin && typeof shell.stdin.unref === "function") shell.stdin.unref();
  return { dismiss: () => void shell.kill("SIGKILL") };
}
