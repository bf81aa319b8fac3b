/** Tells those who wait that a parameter has changed: SSM is asked for all of them, ten at a time. */
import {
  isSecretReference,
  type Parameter,
  type ParameterName,
  ProblemError,
} from "@airlock/contract";
import { type Seen, type Shown, type Shows, Watches, type WatchOptions } from "./watches.ts";

/** No name is asked for more often: whoever waits for one of a few knows of its change in two seconds. */
const POLL_MS = 1700;
/** Those who begin to wait at the same time share the first poll. */
const GATHER_MS = 20;
/** As many values as one call gives. */
const MAX_NAMES = 10;
/** Polls take no more than this share of the budget, however many names are waited for. */
const BUDGET_SHARE = 1 / 3;

/** What SSM has of each name now, or why it does not say. */
export type ReadNow = (
  names: readonly ParameterName[],
  decrypt: boolean,
) => Promise<ReadonlyMap<ParameterName, Parameter | ProblemError>>;

export interface ChangesOptions {
  readonly read: ReadNow;
  /** Calls a second that the budget allows now. */
  readonly perSecond: () => number;
  /** Told of a change before those who wait for it. */
  readonly onChange: (name: ParameterName) => void;
  readonly now: () => number;
}

export class Changes {
  readonly #options: ChangesOptions;
  readonly #watches = new Watches();
  #timer: NodeJS.Timeout | undefined;
  #isPolling = false;
  #polledAt = Number.NEGATIVE_INFINITY;

  constructor(options: ChangesOptions) {
    this.#options = options;
  }

  /**
   * @param seen what the client has.
   * @returns "other" as soon as SSM shows something else or nothing.
   */
  wait(name: ParameterName, seen: Seen, options: WatchOptions): Promise<Shows> {
    const shows = this.#watches.add(name, seen, options);
    this.#schedule();
    return shows;
  }

  /** Ends all waits as if their time were up. */
  close(): void {
    clearTimeout(this.#timer);
    this.#watches.endAll();
  }

  #schedule(): void {
    if (this.#timer || this.#isPolling || this.#watches.isEmpty) return;
    const dueMs = this.#polledAt + this.#everyMs() - this.#options.now();
    this.#timer = setTimeout(() => void this.#poll(), Math.max(GATHER_MS, dueMs)).unref();
  }

  /** From one call to the next: all names are asked for within `POLL_MS` where the budget has room. */
  #everyMs(): number {
    const calls = Math.ceil(this.#watches.size / MAX_NAMES);
    return Math.max(POLL_MS / calls, 1000 / (this.#options.perSecond() * BUDGET_SHARE));
  }

  async #poll(): Promise<void> {
    this.#timer = undefined;
    this.#polledAt = this.#options.now();
    this.#isPolling = true;
    const [first] = this.#watches.names();
    // a secret can be read decrypted alone; of the others nobody needs the value
    const decrypt = first !== undefined && isSecretReference(first);
    const names = this.#watches.next(MAX_NAMES, (name) => isSecretReference(name) === decrypt);
    try {
      for (const [name, found] of await this.#options.read(names, decrypt)) this.#show(name, found);
    } finally {
      this.#isPolling = false;
      this.#schedule();
    }
  }

  /** Whatever else is wrong with it, no change is known of it. */
  #show(name: ParameterName, found: Parameter | ProblemError): void {
    if (found instanceof ProblemError && found.code !== "parameter_not_found") return;
    const shown: Shown = found instanceof ProblemError ? undefined : found;
    if (this.#watches.show(name, shown)) this.#options.onChange(name);
  }
}
