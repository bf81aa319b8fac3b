/** The lines that a run prints, in the shells that people paste them into. */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import type { Run } from "./harness.ts";

/** Of bash, zsh and dash those that are here; sh is everywhere. */
export const SHELLS = ["sh", "bash", "zsh", "dash"].filter(
  (shell) => spawnSync(shell, ["-c", ":"]).error === undefined,
);

/** What the shell prints that is given the lines. */
export async function inShell(shell: string, lines: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(shell, ["-c", lines.join("\n")]);
  return stdout;
}

const GPU_DEV = `${process.execPath} --conditions=airlock-source packages/cli/src/main.ts`;

/** What is printed for gpu-dev, in a home of its own, without the way through a package runner. */
export const gpuDevLines = (run: Run, folder: string): string[] => [
  `export HOME=$(mktemp -d '${folder}/home-XXXXXX')`,
  ...printedLines(run, /GPU_DEV_API_URL|gpu-dev /).map((line) =>
    line.replace("npx --yes pnpm@12 gpu-dev", GPU_DEV),
  ),
];

/** Of what a run has said to people, without the space before it. */
export function printedLines(run: Run, wanted: RegExp): string[] {
  const lines = run
    .stderr()
    .split("\n")
    .map((line) => line.trim());
  const found = lines.filter((line) => wanted.test(line));
  assert.ok(found.length > 0, run.stderr());
  return found;
}
