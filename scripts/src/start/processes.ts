/** What a local run consists of: started one after the other, stopped in the opposite order. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Output } from "./output.ts";
import type { ProcessSpec } from "./plan.ts";

const READY_LIMIT_MS = 60_000;
const READY_POLL_MS = 50;
/** A service may take 15 s to finish what it has begun. */
const STOP_LIMIT_MS = 20_000;

export interface Closable {
  close(): Promise<void>;
}

export class Processes {
  /** Told when the run cannot go on, with the reason. */
  onDeath: (sentence: string) => void = () => {};
  readonly #output: Output;
  readonly #running: { name: string; child: ChildProcess }[] = [];
  readonly #opened: Promise<Closable>[] = [];
  #hasFailed = false;
  #stopped: Promise<number> | undefined;

  constructor(output: Output) {
    this.#output = output;
  }

  get isStopping(): boolean {
    return this.#stopped !== undefined;
  }

  /** Ends the run with exit code 1. */
  fail(sentence: string): void {
    if (this.isStopping) return;
    this.#hasFailed = true;
    this.onDeath(sentence);
  }

  /** Keeps what the processes need; it is closed after them, even if it is opened only then. */
  async open<Thing extends Closable>(opening: Promise<Thing>): Promise<Thing> {
    this.#opened.push(opening);
    return await opening;
  }

  /** Starts a process and waits until it is ready; returns early when the run is being stopped. */
  async start(spec: ProcessSpec): Promise<void> {
    const { name, args, readyUrl } = spec;
    const env = await spec.env;
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
      this.fail(`${name} has ended (${signal ?? `exit code ${code}`}); stopping the rest.`);
    });
    await this.#waitUntilReady(name, readyUrl);
  }

  /** @returns the exit code of the whole run: 1 when it has failed, else 0. */
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
        this.fail(`${name} was not ready within ${READY_LIMIT_MS / 1000} s; stopping.`);
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
    for (const opening of this.#opened.toReversed()) {
      // what could not be opened has been said where it was asked for
      const thing = await opening.catch(() => undefined);
      await thing?.close();
    }
  }
}
