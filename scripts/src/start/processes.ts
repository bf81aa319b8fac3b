/** The child processes of a local run: started one after the other, stopped in the opposite order. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Output } from "./output.ts";
import type { ProcessSpec } from "./plan.ts";

const READY_LIMIT_MS = 60_000;
const READY_POLL_MS = 50;
/** A service may take 15 s to finish what it has begun. */
const STOP_LIMIT_MS = 20_000;

export class Processes {
  /** Told when a process ends although nobody asked it to. */
  onDeath: (sentence: string) => void = () => {};
  readonly #output: Output;
  readonly #running: { name: string; child: ChildProcess }[] = [];
  #hasFailed = false;
  #stopped: Promise<number> | undefined;

  constructor(output: Output) {
    this.#output = output;
  }

  get isStopping(): boolean {
    return this.#stopped !== undefined;
  }

  /** Starts a process and waits until it is ready; returns early when the run is being stopped. */
  async start({ name, args, env, readyUrl }: ProcessSpec): Promise<void> {
    if (this.isStopping) return;
    const child = spawn(process.execPath, args, {
      env,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // a group of its own: Ctrl-C reaches this process alone, which then stops the others in order
      detached: true,
    });
    this.#running.push({ name, child });
    if (child.stdout && child.stderr) this.#output.follow(name, child.stdout, child.stderr);
    child.once("exit", (code, signal) => {
      if (this.isStopping) return;
      this.#hasFailed = true;
      this.onDeath(`${name} has ended (${signal ?? `exit code ${code}`}); stopping the rest.`);
    });
    await this.#waitUntilReady(name, readyUrl);
  }

  /** @returns the exit code of the whole run: 1 when a process died, else 0. */
  stop(): Promise<number> {
    this.#stopped ??= this.#stopAll().then(() => (this.#hasFailed ? 1 : 0));
    return this.#stopped;
  }

  async #waitUntilReady(name: string, url: string): Promise<void> {
    const until = Date.now() + READY_LIMIT_MS;
    while (!this.isStopping) {
      try {
        const response = await fetch(url);
        await response.body?.cancel();
        if (response.ok) return;
      } catch {
        // not listening yet
      }
      if (Date.now() > until) {
        this.#hasFailed = true;
        this.onDeath(`${name} was not ready within ${READY_LIMIT_MS / 1000} s; stopping.`);
        return;
      }
      await sleep(READY_POLL_MS);
    }
  }

  async #stopAll(): Promise<void> {
    for (const { child } of this.#running.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      const limit = AbortSignal.timeout(STOP_LIMIT_MS);
      limit.onabort = () => child.kill("SIGKILL");
      await exited;
      limit.onabort = null;
    }
  }
}
