/** Programs that a scenario needs beside the services: started, listened to, and ended with it. */
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Stage } from "../scenario.ts";

const fileAt = (relative: string) =>
  fileURLToPath(new URL(`../../../${relative}`, import.meta.url));
const COMPILE_CACHE = fileAt("node_modules/.cache/airlock-compile");
const GPU_DEV = fileAt("packages/cli/src/main.ts");
const NODE_WORDS = [process.execPath, "--conditions=airlock-source"];
/** It must not outlive a run that was killed. */
const FOLLOWS = `--import=${fileAt("scenarios/src/rig/follow-parent.ts")}`;

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
    // what is no Node of ours would hand the channel on
    stdio: ["pipe", "pipe", "pipe", words.includes(FOLLOWS) ? "ipc" : "ignore"],
  }) as ChildProcessWithoutNullStreams; // the first three are pipes
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
  const program = startProgram(stage, [...NODE_WORDS, FOLLOWS, path, ...words]);
  return Number((await program.printed(/^\d+\n/)).at(0));
}

export const startGpuDev = (stage: Stage, words: readonly string[], env: Environment): Program =>
  startProgram(stage, [...NODE_WORDS, FOLLOWS, GPU_DEV, ...words], env);

/** @throws when its exit code is not 0. */
export async function gpuDev(
  stage: Stage,
  words: readonly string[],
  env: Environment,
): Promise<string> {
  // as ssh is told to run it afterwards
  const { code, out, err } = await startProgram(stage, [...NODE_WORDS, GPU_DEV, ...words], env)
    .ended;
  if (code !== 0) throw new Error(`gpu-dev ${words.join(" ")}: exit ${code}: ${err}`);
  return out;
}
