/** One container from its beginning to its end: its process, its log, and what it does now. */
import type { Container } from "../objects.ts";
import { ContainerLog } from "./container-log.ts";
import { type ContainerProcess, type ProcessOptions, startProcess } from "./container-process.ts";
import type { ContainerPhase } from "./pod-status.ts";

export interface ContainerRunOptions {
  readonly container: Container;
  readonly now: () => number;
  /** How long it runs before it is ready. */
  readonly readyMs: number;
  readonly onChange: () => void;
}

export class ContainerRun {
  readonly log = new ContainerLog();
  readonly #options: ContainerRunOptions;
  #phase: ContainerPhase = { is: "waiting", reason: "ContainerCreating" };
  #process: ContainerProcess | undefined;
  #readyTimer: NodeJS.Timeout | undefined;
  /** Why it ends, where it is not by itself. */
  #endReason: string | undefined;

  constructor(options: ContainerRunOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.container.name;
  }

  get phase(): ContainerPhase {
    return this.#phase;
  }

  wait(reason: string, message?: string): void {
    this.#to({ is: "waiting", reason, ...(message !== undefined && { message }) });
  }

  /** @param process undefined where there is nothing to run: it is there until it is ended. */
  start(
    process: Omit<ProcessOptions, "onOutput"> | undefined,
    firstLine: string | undefined,
  ): void {
    const { now, readyMs } = this.#options;
    const startedMs = now();
    if (firstLine !== undefined) this.log.append(Buffer.from(`${firstLine}\n`), startedMs);
    const ready = () => this.#to({ is: "running", startedMs, isReady: true });
    if (readyMs > 0) {
      this.#to({ is: "running", startedMs, isReady: false });
      this.#readyTimer = setTimeout(ready, readyMs).unref();
    } else ready();
    if (process === undefined) return;
    this.#process = startProcess({
      ...process,
      onOutput: (data) => this.log.append(data, now()),
    });
    void this.#process.ended.then(({ exitCode }) => this.#ended(exitCode));
  }

  /** Asks it to end. What has no process ends at once. */
  terminate(reason?: string): void {
    this.#endReason ??= reason;
    if (this.#process !== undefined) this.#process.terminate();
    else this.#ended(143);
  }

  kill(reason?: string): void {
    this.#endReason ??= reason;
    if (this.#process !== undefined) this.#process.kill();
    else this.#ended(137);
  }

  #ended(exitCode: number): void {
    if (this.#phase.is === "terminated") return;
    clearTimeout(this.#readyTimer);
    const startedMs = this.#phase.is === "running" ? this.#phase.startedMs : undefined;
    const reason = this.#endReason ?? (exitCode === 0 ? "Completed" : "Error");
    this.log.end();
    this.#to({ is: "terminated", startedMs, finishedMs: this.#options.now(), exitCode, reason });
  }

  #to(phase: ContainerPhase): void {
    if (this.#phase.is === "terminated") return;
    this.#phase = phase;
    this.#options.onChange();
  }
}
