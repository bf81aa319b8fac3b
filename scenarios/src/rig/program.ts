/** Programs that a scenario needs beside the services: started, listened to, and ended with it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Stage } from "../scenario.ts";

const fileAt = (relative: string) =>
  fileURLToPath(new URL(`../../../${relative}`, import.meta.url));
const COMPILE_CACHE = fileAt("node_modules/.cache/airlock-compile");
const GPU_DEV = fileAt("packages/cli/src/main.ts");
const NODE_WORDS = ["--conditions=airlock-source"];

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** All that it has said so far. */
  readonly out: () => string;
  readonly err: () => string;
  /** Resolves with the first match in what it prints. @throws when it ends without. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
}

export type Environment = Readonly<Record<string, string>>;

/** With nothing of this process's environment but PATH. */
export function startProgram(
  stage: Stage,
  [command = "", ...words]: readonly string[],
  env: Environment = {},
): Program {
  const child = spawn(command, words, {
    env: { PATH: process.env.PATH ?? "", NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const told = { out: "", err: "" };
  child.stdin.on("error", () => {});
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    told.out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    told.err += text;
  });
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, ...told }));
  stage.defer(async () => {
    child.kill("SIGCONT");
    child.kill("SIGKILL");
    await ended;
  });
  return {
    child,
    ended,
    out: () => told.out,
    err: () => told.err,
    async printed(pattern) {
      for (;;) {
        const match = pattern.exec(told.out);
        if (match) return match;
        const isOver = await Promise.race([
          once(child.stdout, "data").then(() => false),
          ended.then(() => true),
        ]);
        if (isOver && !pattern.test(told.out)) {
          throw new Error(`${words.join(" ")} ended: ${told.out}${told.err}`);
        }
      }
    },
  };
}

/** @returns the port that it prints. */
export async function startServer(
  stage: Stage,
  file: "byte-server.ts" | "tcp-relay.ts",
  ...words: readonly string[]
): Promise<number> {
  const path = fileAt(`scenarios/src/rig/${file}`);
  const program = startProgram(stage, [process.execPath, ...NODE_WORDS, path, ...words]);
  return Number((await program.printed(/^\d+\n/)).at(0));
}

/** The words that begin a command line of gpu-dev. */
export const GPU_DEV_WORDS: readonly string[] = [process.execPath, ...NODE_WORDS, GPU_DEV];

export const startGpuDev = (stage: Stage, words: readonly string[], env: Environment): Program =>
  startProgram(stage, [...GPU_DEV_WORDS, ...words], env);

/** @throws when its exit code is not 0. */
export async function gpuDev(
  stage: Stage,
  words: readonly string[],
  env: Environment,
): Promise<string> {
  const { code, out, err } = await startGpuDev(stage, words, env).ended;
  if (code !== 0) throw new Error(`gpu-dev ${words.join(" ")}: exit ${code}: ${err}`);
  return out;
}
