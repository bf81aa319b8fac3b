/** `gpu-dev` as a process of its own, from its sources. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { buffer, text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Environment } from "../src/environment.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** From its sources. */
export const PROGRAM = [process.execPath, "--conditions=airlock-source", "--", MAIN] as const;

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly bytes: Buffer;
  readonly err: string;
}

export interface Child {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
}

export interface ChildOptions {
  /** Instead of the sources. */
  readonly program?: readonly string[];
}

/** With nothing of this process's environment but its PATH and what is compiled already. */
export function gpuDevChild(
  words: readonly string[],
  env: Environment,
  { program = PROGRAM }: ChildOptions = {},
): Child {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const [command = "", ...args] = [...program, ...words];
  const child = spawn(command, args, {
    env: { PATH, ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }), ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => {});
  const told = Promise.all([once(child, "close"), buffer(child.stdout), text(child.stderr)]);
  return {
    process: child,
    ended: told.then(([[code], bytes, err]) => ({
      code: code as number | null,
      out: bytes.toString(),
      bytes,
      err,
    })),
  };
}
