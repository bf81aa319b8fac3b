/** Podman, as far as a pod needs it. */
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

const LIMIT_BYTES = 16 * 1024 * 1024;

/** @throws Error with what it said. */
export const podman = async (...args: readonly string[]): Promise<string> =>
  (await run("podman", [...args], { maxBuffer: LIMIT_BYTES })).stdout.trim();

/** What a container has written on either of its streams. */
export async function logOf(container: string): Promise<string> {
  const { stdout, stderr } = await run("podman", ["logs", container], { maxBuffer: LIMIT_BYTES });
  return stdout + stderr;
}

export function isThere(program: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(program, [...args], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export const hasImage = (image: string): boolean => isThere("podman", "image", "exists", image);
