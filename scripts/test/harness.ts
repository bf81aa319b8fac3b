/** Runs `start` as a person would, on free ports and in a folder of its own: the pair, unless asked for more. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../../scenarios/src/rig/free-port.ts";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** As in the script of package.json: what is compiled already starts twice as fast. */
export const NODE_COMPILE_CACHE = join(ROOT, "node_modules/.cache/airlock-compile");

export interface Run {
  readonly process: ChildProcess;
  readonly ports: Record<string, string>;
  readonly gateway: string;
  readonly aux: string;
  readonly jobs: string;
  readonly localAws: string;
  stdout(): string;
  stderr(): string;
  /** Resolves when the run says that it is ready, or has ended. */
  ready(): Promise<void>;
  exit(): Promise<number | null>;
}

export async function freePorts(): Promise<Record<string, string>> {
  const names = [
    "LOCAL_AWS_PORT",
    "AUX_PORT",
    "GATEWAY_PORT",
    "JOBS_PORT",
    "AUX_METRICS_PORT",
    "GATEWAY_METRICS_PORT",
    "JOBS_METRICS_PORT",
    "PROCESSOR_PORT",
    "PROCESSOR_METRICS_PORT",
    "LOCAL_KUBERNETES_PORT",
    "DATABASE_PORT",
  ];
  const ports: [string, string][] = [];
  for (const name of names) ports.push([name, String(await freePort())]);
  return Object.fromEntries(ports);
}

const stops = new WeakMap<TestContext, (() => Promise<unknown>)[]>();

/** Hooks of a test run in the order of their making: a folder that goes has to wait for what runs in it. */
export async function stopRuns(t: TestContext): Promise<void> {
  await Promise.all((stops.get(t) ?? []).map((stop) => stop()));
}

export async function start(
  t: TestContext,
  args: readonly string[] = ["--only=pair"],
  env: Record<string, string> = {},
  ports?: Record<string, string>,
  checkout = ROOT,
): Promise<Run> {
  const used = ports ?? (await freePorts());
  const folder = env.DATA_FOLDER ?? (await mkdtemp(join(tmpdir(), "airlock-start-")));
  // root's Postgres runs as another user, who has to reach its own folder
  if (!env.DATA_FOLDER) await chmod(folder, 0o711);
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(
    process.execPath,
    ["--conditions=airlock-source", "scripts/src/start.ts", ...args],
    {
      cwd: checkout,
      env: { PATH, HOME, NODE_COMPILE_CACHE, DATA_FOLDER: folder, ...used, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const exited = once(child, "close").then(([code]) => code as number | null);
  const stop = () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    return exited;
  };
  stops.set(t, [...(stops.get(t) ?? []), stop]);
  t.after(async () => {
    await stop();
    if (!env.DATA_FOLDER) await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  return {
    process: child,
    ports: used,
    gateway: `http://127.0.0.1:${used.GATEWAY_PORT}`,
    aux: `http://127.0.0.1:${used.AUX_PORT}`,
    jobs: `http://127.0.0.1:${used.JOBS_PORT}`,
    localAws: `http://127.0.0.1:${used.LOCAL_AWS_PORT}`,
    stdout: () => out,
    stderr: () => err,
    exit: () => exited,
    async ready() {
      const ended = exited.then(() => true);
      while (!out.includes('"msg":"ready"')) {
        if (await Promise.race([ended, sleep(20, false)])) return;
      }
    },
  };
}

/** Whether something accepts connections on a port of this machine. */
export async function isListening(port: string | undefined): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`).then(
    async (response) => {
      await response.body?.cancel();
      return true;
    },
    () => false,
  );
}

/** The status of a GET; 0 when nobody answered. */
export async function statusOf(url: string): Promise<number> {
  return fetch(url).then(
    async (response) => {
      await response.body?.cancel();
      return response.status;
    },
    () => 0,
  );
}

/** What a run has logged so far. */
export const linesOf = (run: Run): Record<string, unknown>[] =>
  run
    .stdout()
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
