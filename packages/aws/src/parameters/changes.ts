/** Tells those who wait that a parameter has changed: one poll of SSM for all of them. */
import { DescribeParametersCommand } from "@aws-sdk/client-ssm";
import { allPages } from "./pages.ts";
import type { SsmCalls } from "./ssm-calls.ts";
import { type Seen, type Shown, Watches } from "./watches.ts";

/** Whoever waits knows of a change within two seconds, for 35 calls a minute. */
const POLL_MS = 1700;
/** Those who begin to wait at the same time share the first poll. */
const GATHER_MS = 20;
/** The most names that one filter of DescribeParameters takes. */
const MAX_NAMES = 50;
/** Without the right to describe, values are read instead, as many as one call gives. */
const MAX_READ = 10;
const DESCRIBE_AGAIN_MS = 300_000;

export interface ChangesOptions {
  readonly calls: SsmCalls;
  /** What reading the value shows, where describing is not allowed. */
  readonly read: (name: string) => Promise<Shown>;
  /** Told of a change before those who wait for it. */
  readonly onChange: (name: string) => void;
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
  wait(name: string, seen: Seen, { limitMs, signal }: WaitOptions): Promise<boolean> {
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
    const { now, onChange } = this.#options;
    this.#polledAt = now();
    this.#isPolling = true;
    try {
      const mayDescribe = now() - this.#deniedAt > DESCRIBE_AGAIN_MS;
      const names = this.#watches.next(mayDescribe ? MAX_NAMES : MAX_READ);
      const shown = await (mayDescribe ? this.#describe(names) : this.#read(names));
      for (const [name, state] of shown) if (this.#watches.show(name, state)) onChange(name);
    } catch (problem) {
      // a poll that fails has shown no change; the next one may
      if ((problem as { code?: unknown }).code === "access_denied") this.#deniedAt = now();
    } finally {
      this.#isPolling = false;
      this.#schedule();
    }
  }

  async #describe(names: readonly string[]): Promise<Map<string, Shown>> {
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
        return { items: page.Parameters ?? [], token: page.NextToken };
      }),
    );
    const shown = new Map<string, Shown>(names.map((name) => [name, undefined]));
    for (const { Name, Version, LastModifiedDate } of items) {
      if (!Name || !Version || !LastModifiedDate || !shown.has(Name)) continue;
      shown.set(Name, { version: Version, last_modified: LastModifiedDate.toISOString() });
    }
    return shown;
  }

  async #read(names: readonly string[]): Promise<Map<string, Shown>> {
    const shown = new Map<string, Shown>();
    await Promise.all(
      names.map((name) =>
        this.#options.read(name).then(
          (state) => shown.set(name, state),
          () => {}, // no change is known of this one
        ),
      ),
    );
    return shown;
  }
}
