/** What spares an upstream that is weak: the breaker, which stops asking, and the budget of retries. */

/** Connect failures in a row that open it. */
const MAX_CONNECT_FAILURES = 3;
const WINDOW_SECONDS = 10;
/** Calls within the window below which no ratio means anything. */
const MIN_CALLS = 10;
const PROBE_EVERY_MS = 1000;

export interface BreakerOptions {
  /** Resolves when the upstream gave any answer at all, whatever its status. */
  readonly probe: () => Promise<void>;
  readonly onChange: (isOpen: boolean, reason: string) => void;
}

/**
 * Opens on three connect failures in a row, or when at least half of ten or more calls in ten seconds
 * got no response header in time: half of all of them, or the last ten without an answer between, so
 * that good times before do not delay it. A call counts once, however many clients wait for it: one key
 * that hangs must not close the way to all others. An answer never counts against the upstream: an
 * error it explains is an error of its own, and refusing to ask would only hide it.
 *
 * While open, the upstream is probed once a second, so no client has to be the one who finds out.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  #isOpen = false;
  #connectFailures = 0;
  #silentInARow = 0;
  #buckets: { second: number; total: number; silent: number }[] = [];
  #probing: NodeJS.Timeout | undefined;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** A connection was refused or could not be made in time. */
  connectFailed(): void {
    if (++this.#connectFailures >= MAX_CONNECT_FAILURES) this.#open("connect failures in a row");
  }

  /** A call ended, for however many clients; `answered` when a response header arrived in time. */
  callEnded(answered: boolean): void {
    if (answered) this.#connectFailures = 0;
    this.#silentInARow = answered ? 0 : this.#silentInARow + 1;
    const second = Math.floor(performance.now() / 1000);
    const oldest = second - WINDOW_SECONDS;
    if (this.#buckets.at(-1)?.second !== second) {
      this.#buckets = this.#buckets.filter((bucket) => bucket.second > oldest);
      this.#buckets.push({ second, total: 0, silent: 0 });
    }
    const bucket = this.#buckets.at(-1);
    if (!bucket) return;
    bucket.total++;
    if (answered) return;
    bucket.silent++;
    let total = 0;
    let silent = 0;
    for (const one of this.#buckets) {
      total += one.total;
      silent += one.silent;
    }
    const isHalf = total >= MIN_CALLS && silent * 2 >= total;
    const areLast = silent >= MIN_CALLS && this.#silentInARow >= MIN_CALLS;
    if (isHalf || areLast) this.#open("calls without an answer");
  }

  stop(): void {
    clearInterval(this.#probing);
  }

  #open(reason: string): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#options.onChange(true, reason);
    this.#probing = setInterval(() => {
      this.#options.probe().then(
        () => this.#close(),
        () => {}, // still silent: the next probe follows
      );
    }, PROBE_EVERY_MS).unref();
  }

  #close(): void {
    if (!this.#isOpen) return;
    clearInterval(this.#probing);
    this.#isOpen = false;
    this.#connectFailures = 0;
    this.#silentInARow = 0;
    this.#buckets = [];
    this.#options.onChange(false, "the upstream answers");
  }
}

/** Retries are kept to this share of the calls, so that they cannot double the load. */
const RETRY_SHARE = 0.1;
/** There from the beginning, for little traffic. */
const FIRST_SAVED = 10;
/** A process that dies resets all of its connections at once. */
const MAX_SAVED = 64;

export class RetryBudget {
  #saved = FIRST_SAVED;

  /** Every call earns a tenth of a retry. */
  earn(): void {
    this.#saved = Math.min(MAX_SAVED, this.#saved + RETRY_SHARE);
  }

  /** Takes one retry, if there is one. */
  spend(): boolean {
    if (this.#saved < 1) return false;
    this.#saved--;
    return true;
  }
}
