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
  /** Whether one that has ended waits to be mended, instead of ending the run. */
  readonly #areMended: boolean;
  /** In the order of the plan. */
  #services: readonly ServiceProcess[] = [];
  readonly #opened: Promise<Closable>[] = [];
  #hasFailed = false;
  #stopped: Promise<number> | undefined;

  constructor(output: Output, { areMended }: { readonly areMended: boolean }) {
    this.#output = output;
    this.#areMended = areMended;
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

  async start(specs: readonly ProcessSpec[]): Promise<void> {
    if (this.isStopping) return;
    const output = this.#output;
    this.#services = specs.map((spec) => {
      const onTrouble = (sentence: string) => this.#onTrouble(sentence);
      return new ServiceProcess({ spec, output, onTrouble });
    });
    await startInOrder(this.#services);
  }

  /** Resolves when each is ready, or has said why it is not. */
  async restart(names: readonly string[]): Promise<void> {
    if (this.isStopping) return;
    const services = this.#services.filter(({ name }) => names.includes(name));
    await startInOrder(services);
  }

  /** Those that wait to be mended. */
  down(): string[] {
    return this.#services.filter(({ isUp }) => !isUp).map(({ name }) => name);
  }

  #onTrouble(sentence: string): void {
    if (!this.#areMended) {
      this.fail(`${sentence}; stopping the rest.`);
    } else if (!this.isStopping) {
      this.#output.complain(`${sentence}; it starts again when its code is saved.`);
    }
  }

  /** @returns the exit code of the whole run: 1 when it has failed, else 0. */
  stop(): Promise<number> {
    this.#stopped ??= this.#stopAll().then(() => (this.#hasFailed ? 1 : 0));
    return this.#stopped;
  }

  async #stopAll(): Promise<void> {
    await stopInOrder(this.#services);
    for (const opening of this.#opened.toReversed()) {
      // what could not be opened has been said where it was asked for
      const thing = await opening.catch(() => undefined);
      await thing?.close();
    }
  }
}

/** Side by side, but for those that begin with what others have by then. */
async function startInOrder(services: readonly ServiceProcess[]): Promise<void> {
  const started = new Map<string, Promise<void>>();
  for (const service of services) {
    const before = service.after.map((name) => started.get(name));
    started.set(
      service.name,
      Promise.all(before).then(() => service.start()),
    );
  }
  await Promise.all(started.values());
}

/** What clients talk to goes first, then each once those are gone that it was started for. */
async function stopInOrder(services: readonly ServiceProcess[]): Promise<void> {
  const [front, ...rest] = services.toReversed();
  await front?.stop();
  const stopped = new Map<string, Promise<void>>();
  for (const service of rest) {
    const later = services.filter(({ after }) => after.includes(service.name));
    const gone = later.map(({ name }) => stopped.get(name));
    stopped.set(
      service.name,
      Promise.all(gone).then(() => service.stop()),
    );
  }
  await Promise.all(stopped.values());
}
