/** Tells those who wait that a parameter has changed: one poll of SSM for all of them. */
import { isReservedName, type ParameterName, sharingAccount } from "@airlock/contract";
import { DescribeParametersCommand } from "@aws-sdk/client-ssm";
import { LRUCache } from "lru-cache";
import { isOutage } from "../errors.ts";
import { allPages } from "./pages.ts";
import type { SsmCalls } from "./ssm-calls.ts";
import { descriptionsFrom } from "./ssm-wire.ts";
import { type Seen, type Shown, Watches } from "./watches.ts";

/** Whoever waits knows of a change within two seconds, for 35 calls a minute. */
const POLL_MS = 1700;
/** Those who begin to wait at the same time share the first poll. */
const GATHER_MS = 20;
/** The most names that one filter of DescribeParameters takes. */
const MAX_NAMES = 50;
/** What cannot be described is read instead, as many values as one call gives. */
const MAX_READ = 10;
const DESCRIBE_AGAIN_MS = 300_000;
const MAX_READ_ONLY = 1000;

export interface ChangesOptions {
  readonly calls: SsmCalls;
  /** What reading the value shows, where describing does not. */
  readonly read: (name: ParameterName) => Promise<Shown>;
  /** Told of a change before those who wait for it. */
  readonly onChange: (name: ParameterName) => void;
  readonly now: () => number;
}

export interface WaitOptions {
  /** Longest wait in milliseconds. */
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
}

export class Changes {
  readonly #options: ChangesOptions;
  readonly #watches = new Watches();
  /** Names that SSM gives a value of, and no description. */
  readonly #readOnly = new LRUCache<ParameterName, true>({ max: MAX_READ_ONLY });
  #timer: NodeJS.Timeout | undefined;
  #isPolling = false;
  #polledAt = Number.NEGATIVE_INFINITY;
  #deniedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ChangesOptions) {
    this.#options = options;
  }

  /**
   * @param seen what the client has.
   * @returns true as soon as SSM shows something else or nothing, false when the time is up or the
   * client has gone.
   */
  wait(name: ParameterName, seen: Seen, { limitMs, signal }: WaitOptions): Promise<boolean> {
    const change = this.#watches.add(name, seen, limitMs, signal);
    this.#schedule();
    return change;
  }

  /** Ends all waits as if their time were up. */
  close(): void {
    clearTimeout(this.#timer);
    this.#watches.endAll();
  }

  #schedule(): void {
    if (this.#timer || this.#isPolling || this.#watches.isEmpty) return;
    const dueMs = this.#polledAt + POLL_MS - this.#options.now();
    this.#timer = setTimeout(() => void this.#poll(), Math.max(GATHER_MS, dueMs)).unref();
  }

  async #poll(): Promise<void> {
    this.#timer = undefined;
    const { now } = this.#options;
    this.#polledAt = now();
    this.#isPolling = true;
    const mayDescribe = now() - this.#deniedAt > DESCRIBE_AGAIN_MS;
    const isDescribed = (name: ParameterName) => mayDescribe && !this.#isReadOnly(name);
    try {
      await Promise.all([
        this.#describe(this.#watches.next(MAX_NAMES, isDescribed)),
        this.#read(this.#watches.next(MAX_READ, (name) => !isDescribed(name))),
      ]);
    } catch (problem) {
      // a poll that fails has shown no change; the next one may
      if ((problem as { code?: unknown }).code === "access_denied") this.#deniedAt = now();
    } finally {
      this.#isPolling = false;
      this.#schedule();
    }
  }

  /** Nobody else's parameters can be described. */
  #isReadOnly(name: ParameterName): boolean {
    return (
      isReservedName(name) ||
      sharingAccount(name) !== undefined ||
      this.#readOnly.get(name) === true
    );
  }

  #show(name: ParameterName, shown: Shown): void {
    if (this.#watches.show(name, shown)) this.#options.onChange(name);
  }

  /** What is not among the descriptions may have gone, or may be there all the same. */
  async #describe(names: readonly ParameterName[]): Promise<void> {
    if (names.length === 0) return;
    const shown = await this.#descriptionsOf(names);
    for (const [name, description] of shown) this.#show(name, description);
    await this.#read(names.filter((name) => !shown.has(name)));
  }

  /** A name that the filter refuses spoils no other one: by halves it is left alone. */
  async #descriptionsOf(names: readonly ParameterName[]): Promise<Map<ParameterName, Shown>> {
    try {
      return await this.#ask(names);
    } catch (problem) {
      if (isOutage(problem) || (problem as { code?: unknown }).code === "access_denied") {
        throw problem;
      }
      const [first] = names;
      if (first === undefined || names.length === 1) return new Map();
      const middle = Math.ceil(names.length / 2);
      const halves = [names.slice(0, middle), names.slice(middle)];
      const shown = await Promise.all(halves.map((half) => this.#descriptionsOf(half)));
      return new Map(shown.flatMap((one) => [...one]));
    }
  }

  async #ask(names: readonly ParameterName[]): Promise<Map<ParameterName, Shown>> {
    const turn = { priority: "background", owner: "changes" } as const;
    const filter = { Key: "Name", Option: "Equals", Values: [...names] };
    const { items } = await allPages((NextToken) =>
      this.#options.calls.inTurn("ssm.DescribeParameters", turn, async (ssm, abortSignal) => {
        const command = new DescribeParametersCommand({
          ParameterFilters: [filter],
          MaxResults: MAX_NAMES,
          NextToken,
        });
        const page = await ssm.send(command, { abortSignal });
        return { items: descriptionsFrom(page), token: page.NextToken };
      }),
    );
    return new Map(items.map((item) => [item.name, item]));
  }

  async #read(names: readonly ParameterName[]): Promise<void> {
    await Promise.all(
      names.map((name) =>
        this.#options.read(name).then(
          (shown) => {
            if (shown && !this.#isReadOnly(name)) this.#readOnly.set(name, true);
            this.#show(name, shown);
          },
          () => {}, // no change is known of this one
        ),
      ),
    );
  }
}
