/** One real process of ours: started on free ports, watched, signalled, always ended. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Stage } from "../scenario.ts";
import { freePort } from "./free-port.ts";
import { LogCollector } from "./log-collector.ts";
import { until } from "./waiting.ts";

const run = promisify(execFile);
export const fileAt = (relative: string) =>
  fileURLToPath(new URL(`../../../${relative}`, import.meta.url));
/** Compiled code of earlier starts: without it, starting costs more than what is measured. */
const COMPILE_CACHE = fileAt("node_modules/.cache/airlock-compile");
const ENTRIES = {
  aux: "services/aux/src/main.ts",
  gateway: "services/gateway/src/main.ts",
  jobs: "services/jobs/src/main.ts",
  processor: "services/processor/src/main.ts",
  "local-aws": "packages/local-aws/src/main.ts",
  "local-kubernetes": "packages/local-kubernetes/src/main.ts",
  lambda: "packages/local-aws/src/lambda/run.ts",
} as const;
export type ServiceName = keyof typeof ENTRIES;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class ServiceProcess {
  readonly name: ServiceName;
  readonly port: number;
  readonly metricsPort: number;
  readonly log = new LogCollector();
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  hasExited = false;
  #isTold = false;

  constructor(
    name: ServiceName,
    port: number,
    metricsPort: number,
    env: Readonly<Record<string, string>>,
  ) {
    this.name = name;
    this.port = port;
    this.metricsPort = metricsPort;
    const { PATH = "", HOME = "" } = process.env;
    this.#child = spawn(
      process.execPath,
      [
        "--conditions=airlock-source",
        // a process must not outlive a run that was killed
        `--import=${fileAt("scenarios/src/rig/follow-parent.ts")}`,
        fileAt(ENTRIES[name]),
      ],
      {
        env: { PATH, HOME, NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
        stdio: ["ignore", "pipe", "pipe", "ipc"],
      },
    );
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => this.log.add(text));
    }
    this.exited = once(this.#child, "close").then(([code, signal]) => {
      this.hasExited = true;
      return { code, signal } as Exit;
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Whether it ended although nobody here had told it to. */
  get isLost(): boolean {
    return this.hasExited && !this.#isTold;
  }

  signal(signal: NodeJS.Signals): void {
    if (signal === "SIGTERM" || signal === "SIGKILL") this.#isTold = true;
    if (!this.hasExited) this.#child.kill(signal);
  }

  /** Whether a GET of its own answers with this status; never throws. */
  async answers(path: string, status = 200, limitMs = 5000): Promise<boolean> {
    try {
      const response = await fetch(this.url + path, { signal: AbortSignal.timeout(limitMs) });
      await response.arrayBuffer();
      return response.status === status;
    } catch {
      return false;
    }
  }

  /** The sum of a metric's samples whose labels contain the given text. */
  async metric(name: string, label = ""): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.metricsPort}/metrics`);
    let sum = 0;
    for (const line of (await response.text()).split("\n")) {
      const isNamed = line.startsWith(`${name}{`) || line.startsWith(`${name} `);
      if (isNamed && line.includes(label)) sum += Number(line.slice(line.lastIndexOf(" ") + 1));
    }
    return sum;
  }

  /** Resident memory in bytes; from the kernel where it tells, for a `ps` costs more than what is measured. */
  async rssBytes(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, "utf8").catch(() => "");
    const told = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    if (told !== undefined) return Number(told) * 1024;
    const { stdout } = await run("ps", ["-o", "rss=", "-p", String(this.pid)]);
    return Number(stdout.trim()) * 1024;
  }

  /** Open files and sockets, from the kernel; Linux only. */
  async handles(): Promise<number> {
    return (await readdir(`/proc/${this.pid}/fd`)).length;
  }

  async end(): Promise<void> {
    this.signal("SIGCONT"); // a stopped process takes no other signal but SIGKILL
    this.signal("SIGKILL");
    await this.exited;
  }
}

const READY_MS = 120_000;
/** Of the log of one that is not ready in time. */
const SHOWN_LINES = 10;

/** Starts a process, on a free port unless `PORT` names one, and waits until `readyPath` answers 200; the stage ends it. */
export async function startProcess(
  stage: Stage,
  name: ServiceName,
  env: Readonly<Record<string, string>>,
  readyPath: string,
): Promise<ServiceProcess> {
  const port = env.PORT === undefined ? await freePort() : Number(env.PORT);
  const metricsPort = await freePort();
  const started = new ServiceProcess(name, port, metricsPort, {
    HOST: "127.0.0.1",
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    ...env,
  });
  stage.defer(async () => {
    if (started.isLost) {
      const { code, signal } = await started.exited;
      const last = started.log.lines.findLast(
        ({ level }) => level === "fatal" || level === "error",
      );
      stage.progress(
        `${name} is lost: ${last ? JSON.stringify(last) : started.log.noise.join("\n")}`,
      );
      stage.check(`${name} lives`, "until it is ended", false, "1 process", `${code ?? signal}`);
    }
    await started.end();
  });
  await until(
    `${name} answers 200 at ${readyPath}`,
    () => {
      if (started.hasExited) {
        throw new Error(`${name} did not start: ${started.log.noise.join("\n")}`);
      }
      return started.answers(readyPath);
    },
    READY_MS,
  ).catch((error: Error) => {
    const said = started.log.lines.slice(-SHOWN_LINES).map((line) => JSON.stringify(line));
    throw new Error([error.message, ...said].join("\n"));
  });
  return started;
}
