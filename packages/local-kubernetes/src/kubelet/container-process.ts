/** A container's command as a process of this machine, with a group of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Guardian } from "./guardian.ts";
import { endMarked, killQuietly, MARK } from "./marked-processes.ts";

export interface ProcessOptions {
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly user: ProcessUser | undefined;
  /** Of this container alone. */
  readonly mark: string;
  readonly guardian: Guardian;
  readonly onOutput: (data: Buffer) => void;
}

export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
}

export interface ProcessEnd {
  /** 128 and the signal's number where a signal has ended it, as container runtimes tell it. */
  readonly exitCode: number;
}

export interface ContainerProcess {
  readonly ended: Promise<ProcessEnd>;
  terminate(): void;
  kill(): void;
}

/** `nobody` on Linux: exists everywhere, owns nothing. */
const NOBODY: ProcessUser = { uid: 65_534, gid: 65_534 };
/** What a process that has left its group may hold the output open for. */
const OUTPUT_MS = 500;
const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
};

/**
 * Waits for a line before it becomes the command, so that its guardian knows of it first. 127 and 126 are the shell's own
 * for what is not there or cannot be run.
 */
const PRELUDE = 'read -r go || exit 1; exec "$@" </dev/null';

/** Undefined when processes may run as whoever runs this one. */
export const processUser = (): ProcessUser | undefined =>
  process.getuid?.() === 0 ? NOBODY : undefined;

export function startProcess(options: ProcessOptions): ContainerProcess {
  const { command, env, folder, user, mark, guardian, onOutput } = options;
  const child = spawn("/bin/sh", ["-c", PRELUDE, "airlock", ...command], {
    ...user,
    cwd: folder,
    env: { ...env, [MARK]: mark },
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const group = child.pid;
  child.stdin.on("error", () => {});
  child.stdout.on("data", onOutput);
  child.stderr.on("data", onOutput);
  const ended = endOf(child, mark).finally(() => group !== undefined && guardian.done(group));
  if (group !== undefined) void guardian.add(group).then(() => child.stdin.end("go\n"));
  const signalAll = (signal: NodeJS.Signals) => {
    if (group !== undefined) killQuietly(-group, signal);
  };
  return {
    ended,
    terminate: () => signalAll("SIGTERM"),
    kill: () => {
      signalAll("SIGKILL");
      endMarked(mark);
    },
  };
}

/** The end of the first process is that of the container: what it leaves behind is ended too. */
async function endOf(child: ChildProcess, mark: string): Promise<ProcessEnd> {
  const closed = once(child, "close").catch(() => {});
  let end: ProcessEnd;
  try {
    const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
    const number = signal === null ? 0 : (SIGNALS[signal] ?? 9);
    end = { exitCode: code ?? 128 + number };
  } catch {
    end = { exitCode: 128 }; // not even begun
  }
  if (child.pid !== undefined) killQuietly(-child.pid);
  endMarked(mark);
  await Promise.race([closed, sleep(OUTPUT_MS, undefined, { ref: false })]);
  return end;
}
