/** Processes that the benchmark starts, pins to a core, measures and ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";

export { LOAD_CORE, PROXY_CORE } from "./cores.ts";

export interface ChildOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment, but for PATH and HOME. */
  readonly env: Readonly<Record<string, string>>;
  readonly core: number | undefined;
  /** A file descriptor for standard output; ignored without one. */
  readonly stdout?: number;
  /** Whether it exchanges messages with this process, and so notices when this one has gone. */
  readonly hasMessages?: boolean;
}

export interface Child {
  readonly process: ChildProcess;
  /** User and system time of all its threads so far; undefined where the system does not tell. */
  cpuMs(): number | undefined;
  /** Ends it, gently first. */
  stop(): Promise<void>;
}

/** USER_HZ of every Linux that Node runs on. */
const TICK_MS = 10;
const STOP_LIMIT_MS = 8000;

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export function startChild(options: ChildOptions): Child {
  const { name, command, args, env, core, stdout, hasMessages = false } = options;
  const pin = core === undefined ? [] : ["taskset", "-c", String(core)];
  const [file = command, ...rest] = [...pin, command, ...args];
  const child = spawn(file, rest, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ["ignore", stdout ?? "ignore", "inherit", ...(hasMessages ? ["ipc" as const] : [])],
  });
  running.add(child);
  let isStopping = false;
  child.once("exit", (code, signal) => {
    running.delete(child);
    if (!isStopping) process.stderr.write(`${name} ended by itself (${code ?? signal})\n`);
  });
  child.once("error", (error) => process.stderr.write(`${name}: ${error.message}\n`));
  return {
    process: child,
    cpuMs: () => cpuMsOf(child.pid),
    async stop() {
      if (!running.has(child)) return;
      isStopping = true;
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
      await gone;
      clearTimeout(timer);
    },
  };
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: fields 14 and 15. */
function cpuMsOf(pid: number | undefined): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return undefined;
  }
}
