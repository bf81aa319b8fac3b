/** A process of a local run, through all of its restarts. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { hasEnded, startChild, stopChild, untilReady } from "./child.ts";
import type { Output } from "./output.ts";
import type { ProcessSpec } from "./plan.ts";

const READY_LIMIT_MS = 60_000;
/** A service may take 15 s to finish what it has begun. */
const STOP_LIMIT_MS = 20_000;
/** Whoever has saved waits for the new code. */
const RESTART_LIMIT_MS = 3000;
/** For the lines of a process that answers already; one that logs little has none. */
const LINES_LIMIT_MS = 500;

export interface ServiceProcessOptions {
  readonly spec: ProcessSpec;
  readonly output: Output;
  /** Told when it has ended, or is not ready in time, and nobody asked for that. */
  readonly onTrouble: (sentence: string) => void;
}

export class ServiceProcess {
  readonly name: ProcessSpec["name"];
  readonly #options: ServiceProcessOptions;
  #child: ChildProcess | undefined;
  #isUp = false;
  #isStopping = false;
  /** The last start or stop that was asked for: they follow one another. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: ServiceProcessOptions) {
    this.name = options.spec.name;
    this.#options = options;
  }

  /** Those that have to be ready before it. */
  get after(): readonly string[] {
    return this.#options.spec.after ?? [];
  }

  /** Ready, and still there. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Starts it, anew if need be. Resolves when it is ready, has ended, or starts yet again. */
  async start(): Promise<void> {
    const startedMs = performance.now();
    const begun = this.#turn.then(() => this.#begin());
    this.#turn = begun.catch(() => {});
    const begin = await begun;
    if (!begin) return;
    const { child, listening } = begin;
    const { spec, output, onTrouble } = this.#options;
    const outcome = await untilReady(child, spec.readyUrl, READY_LIMIT_MS);
    if (outcome === "ready") await Promise.race([listening, sleep(LINES_LIMIT_MS)]);
    if (child !== this.#child || outcome === "ended" || hasEnded(child)) return;
    if (outcome !== "ready") {
      const seconds = READY_LIMIT_MS / 1000;
      onTrouble(`${this.name} is not ready after ${seconds} s: ${outcome.lastAnswer}`);
      return;
    }
    this.#isUp = true;
    const ms = Math.round(performance.now() - startedMs);
    output.tell(`${this.name} is ready after ${(ms / 1000).toFixed(1)} s`, { of: this.name, ms });
  }

  /** For good. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#turn = this.#turn.then(() => this.#end(STOP_LIMIT_MS));
    await this.#turn;
  }

  async #begin() {
    await this.#end(RESTART_LIMIT_MS);
    const { spec, output, onTrouble } = this.#options;
    const secrets = this.#isStopping ? undefined : await spec.secrets?.();
    if (this.#isStopping) return undefined;
    const child = startChild(spec.entry, { ...spec.env, ...secrets });
    this.#child = child;
    // when its last words are out
    void once(child, "close").then(([code, signal]) => {
      if (child !== this.#child) return;
      this.#isUp = false;
      onTrouble(`${this.name} has ended (${signal ?? `exit code ${code}`})`);
    });
    const listening =
      child.stdout && child.stderr && output.follow(this.name, child.stdout, child.stderr);
    return { child, listening };
  }

  async #end(limitMs: number): Promise<void> {
    const child = this.#child;
    // from here on nobody is told of its end
    this.#child = undefined;
    this.#isUp = false;
    if (child) await stopChild(child, limitMs);
  }
}
