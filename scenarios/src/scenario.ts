/** What a scenario is: a fault or an attack, a size to run it at, and checks whose results are kept. */

/** One line of the table that a run leaves behind. */
export interface Measurement {
  readonly what: string;
  /** How many requests, connections, rounds … the result stands on. */
  readonly count: string;
  readonly result: string;
  /** What was promised, in words. */
  readonly promise: string;
  readonly verdict: Verdict;
}

/** `late`: a promised time was missed, but by less than five times. */
export type Verdict = "kept" | "late" | "BROKEN" | "seen";

export type SizeName = "test" | "soak";

export interface Scenario {
  readonly name: string;
  /** One sentence: what is done, and with what. */
  readonly how: string;
  /** Too long for a test, and only run when it is asked for by name. */
  readonly isSoakOnly?: true;
  run(size: SizeName, stage: Stage): Promise<void>;
}

/** A busy machine may be this many times slower than what is promised for an idle one. */
const SLACK = 5;

/** Where a scenario runs: takes its results, and cleans up after it. */
export class Stage {
  readonly measurements: Measurement[] = [];
  readonly #say: (text: string) => void;
  #cleanups: (() => Promise<unknown> | unknown)[] = [];
  /** What goes on by itself ends then, also when the run broke off. */
  hasEnded = false;

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** Tells whoever watches how far the run is. */
  progress(text: string): void {
    this.#say(text);
  }

  /** Runs when the scenario ends, the last one first. */
  defer(cleanup: () => Promise<unknown> | unknown): void {
    this.#cleanups.push(cleanup);
  }

  async end(): Promise<void> {
    this.hasEnded = true;
    for (const cleanup of this.#cleanups.reverse()) {
      try {
        await cleanup();
      } catch (error) {
        this.progress(`clean-up failed: ${String(error)}`);
      }
    }
    this.#cleanups = [];
  }

  /** A promise about counts: kept or broken. */
  check(what: string, promise: string, isKept: boolean, count: string, result: string): void {
    this.#keep({ what, promise, count, result, verdict: isKept ? "kept" : "BROKEN" });
  }

  /** A promise about time, in milliseconds. */
  within(what: string, limitMs: number, tookMs: number, count: string): void {
    const verdict = tookMs <= limitMs ? "kept" : tookMs <= limitMs * SLACK ? "late" : "BROKEN";
    const result = Number.isFinite(tookMs) ? duration(tookMs) : "never";
    this.#keep({ what, promise: `≤ ${duration(limitMs)}`, count, result, verdict });
  }

  /** Something worth knowing that nobody promised. */
  note(what: string, count: string, result: string): void {
    this.#keep({ what, promise: "–", count, result, verdict: "seen" });
  }

  get broken(): readonly Measurement[] {
    return this.measurements.filter(({ verdict }) => verdict === "BROKEN");
  }

  #keep(measurement: Measurement): void {
    this.measurements.push(measurement);
    const { verdict, what, result, promise, count } = measurement;
    this.#say(`${verdict.padEnd(6)} ${what}: ${result} (${promise}; ${count})`);
  }
}

export function duration(ms: number): string {
  return ms < 10_000
    ? `${ms < 100 ? ms.toFixed(1) : Math.round(ms)} ms`
    : `${(ms / 1000).toFixed(1)} s`;
}
