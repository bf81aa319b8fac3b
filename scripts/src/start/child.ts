/** One process of a local run: started, asked whether it is ready, stopped. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { path } from "./environment.ts";
import type { Environment } from "./plan.ts";

const READY_POLL_MS = 50;
const PROBE_LIMIT_MS = 5000;
/** Of its own: the global one may lead to a proxy that the shell names. */
const agent = new Agent();

/**
 * @param entry relative to the checkout.
 * @param env its whole environment.
 */
export function startChild(entry: string, env: Environment): ChildProcess {
  const args = [
    "--conditions=airlock-source",
    "--enable-source-maps",
    `--import=${pathToFileURL(path("scripts/src/start/follow-parent.ts")).href}`,
    path(entry),
  ];
  return spawn(process.execPath, args, {
    env,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // a group of its own: Ctrl-C reaches this process alone, which then stops the others in order
    detached: true,
  });
}

export const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;

/**
 * Asks until the answer is 200.
 *
 * @returns "ready", or what came of it: "ended", or the last answer when the time was up.
 */
export async function untilReady(
  child: ChildProcess,
  url: string,
  limitMs: number,
): Promise<"ready" | "ended" | { readonly lastAnswer: string }> {
  const end = performance.now() + limitMs;
  for (;;) {
    if (hasEnded(child)) return "ended";
    const answer = await probe(url);
    if (answer === "200" && !hasEnded(child)) return "ready";
    if (performance.now() > end) return { lastAnswer: answer };
    await sleep(READY_POLL_MS);
  }
}

/** @returns the status, or the word of what went wrong. */
export function probe(url: string): Promise<string> {
  return new Promise((resolve) => {
    const request = get(url, { agent, timeout: PROBE_LIMIT_MS }, (response) => {
      response.resume();
      resolve(String(response.statusCode));
    });
    request.on("timeout", () => request.destroy(new Error("no answer")));
    request.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

/** @param limitMs what is not ended by then is ended without its consent. */
export async function stopChild(child: ChildProcess, limitMs: number): Promise<void> {
  if (hasEnded(child)) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const limit = setTimeout(() => child.kill("SIGKILL"), limitMs);
  await exited;
  clearTimeout(limit);
}
