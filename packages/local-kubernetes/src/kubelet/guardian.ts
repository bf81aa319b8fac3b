/** Ends all processes of pods when this process is gone, however it went: nobody is left behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { endMarked } from "./marked-processes.ts";

/**
 * Keeps the process groups that it is told of, and kills them when its standard input ends: the kernel closes that when
 * this process ends, also by SIGKILL, where no handler of ours would run. Who left a group is known by a mark in the
 * environment, where there is a /proc to read it from.
 */
const SCRIPT = `
groups=" "
while read -r word group; do
  case "$word" in
    add) groups="$groups$group " ;;
    done) case "$groups" in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
for group in $groups; do kill -KILL -- "-$group" 2>/dev/null; done
for file in /proc/[0-9]*/environ; do
  grep -qzs "^AIRLOCK_POD=$1/" "$file" || continue
  id="\${file#/proc/}"
  kill -KILL "\${id%/environ}" 2>/dev/null
done
[ -n "$2" ] && rm -rf "$2"
`;

export interface Guardian {
  /** Resolves once the group is known: what is in it dies with this process. */
  add(group: number): Promise<void>;
  /** The group has ended. */
  done(group: number): void;
  /** Ends all groups and itself, and removes the folder. */
  close(): Promise<void>;
}

/** @param run the mark of all processes of this run. @param folder is worth nothing without this process. */
export function startGuardian(run: string, folder: string): Guardian {
  // a session of its own: Ctrl-C in a terminal must not reach it
  const shell: ChildProcess = spawn("/bin/sh", ["-c", SCRIPT, "airlock-pods", run, folder], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: { PATH: "/usr/bin:/bin" },
  });
  shell.unref();
  // a guardian that is gone is noticed by nobody who could do better
  shell.on("error", () => {});
  const { stdin } = shell;
  stdin?.on("error", () => {});
  if (stdin && "unref" in stdin && typeof stdin.unref === "function") stdin.unref();
  const say = (line: string) =>
    new Promise<void>((resolve) => {
      if (stdin) stdin.write(line, () => resolve());
      else resolve();
    });
  return {
    add: (group) => say(`add ${group}\n`),
    done: (group) => void say(`done ${group}\n`),
    async close() {
      shell.ref();
      const ended = shell.exitCode === null ? once(shell, "exit") : undefined;
      stdin?.end();
      await ended;
      endMarked(`${run}/`);
    },
  };
}
