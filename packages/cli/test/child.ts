/** `gpu-dev` as a process of its own, from its sources. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Environment } from "../src/environment.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

export interface Child {
  readonly process: ChildProcess;
  readonly ended: Promise<{
    readonly code: number | null;
    readonly out: string;
    readonly err: string;
  }>;
}

/** With nothing of this process's environment but its PATH and what is compiled already. */
export function gpuDevChild(words: readonly string[], env: Environment): Child {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, ["--conditions=airlock-source", MAIN, ...words], {
    env: { PATH, ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const told = Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]);
  return {
    process: child,
    ended: told.then(([[code], out, err]) => ({ code: code as number | null, out, err })),
  };
}
