/** Processes that the benchmark starts, pins to a core, measures and ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";

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

/** In MiB: all that is in memory, and what of it is no page of a file (such as Node's own binary). */
export interface Memory {
  readonly residentMb: number;
  readonly anonymousMb: number;
}

export interface Child {
  readonly process: ChildProcess;
  /** User and system time of all its threads so far; undefined where the system does not tell. */
  cpuMs(): number | undefined;
  /** What it holds now; undefined where the system does not tell. */
  memory(): Memory | undefined;
  /** Ends it, gently first. */
  stop(): Promise<void>;
}

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
    memory: () => memoryOf(child.pid),
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

/** https://docs.kernel.org/scheduler/sched-stats.html: the first field, in nanoseconds, thread by thread. */
function cpuMsOf(pid: number | undefined): number | undefined {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    const times = tasks.map((task) => readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8"));
    return times.reduce((sum, text) => sum + Number(text.split(" ", 1)[0]), 0) / 1e6;
  } catch {
    return undefined;
  }
}

/** https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
function memoryOf(pid: number | undefined): Memory | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const mb = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1024;
    return { residentMb: mb("VmRSS"), anonymousMb: mb("RssAnon") };
  } catch {
    return undefined;
  }
}
