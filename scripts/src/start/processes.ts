/** What a local run consists of, from its first start to its last stop. */
import type { Output } from "./output.ts";
import type { ProcessSpec } from "./plan.ts";
import { ServiceProcess } from "./service-process.ts";

export interface Closable {
  close(): Promise<void>;
}

export class Processes {
  /** Told when the run cannot go on, with the reason. */
  onDeath: (sentence: string) => void = () => {};
  readonly #output: Output;
  /** In the order of the plan. */
  #services: readonly ServiceProcess[] = [];
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

  /** Starts them all: the first, which others talk to at once, and then the rest side by side. */
  async start(specs: readonly ProcessSpec[], flags: readonly string[]): Promise<void> {
    if (this.isStopping) return;
    const output = this.#output;
    const onTrouble = (sentence: string) => this.fail(`${sentence}; stopping the rest.`);
    this.#services = specs.map((spec) => new ServiceProcess({ spec, output, flags, onTrouble }));
    const [first, ...rest] = this.#services;
    await first?.start();
    await Promise.all(rest.map((service) => service.start()));
  }

  /** @returns the exit code of the whole run: 1 when it has failed, else 0. */
  stop(): Promise<number> {
    this.#stopped ??= this.#stopAll().then(() => (this.#hasFailed ? 1 : 0));
    return this.#stopped;
  }

  async #stopAll(): Promise<void> {
    for (const service of this.#services.toReversed()) await service.stop();
    for (const opening of this.#opened.toReversed()) {
      // what could not be opened has been said where it was asked for
      const thing = await opening.catch(() => undefined);
      await thing?.close();
    }
  }
}
