/** AWS's time, told by a clock that nobody sets: what is signed and what expires goes by it. */

export interface ClockOptions {
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
  /** Milliseconds since the epoch by the machine's clock, which somebody may set. */
  readonly wallNow?: () => number;
}

/** A Date header has whole seconds and is some time on its way: smaller differences say nothing. */
const LEAST_DIFFERENCE_MS = 2000;

export class AwsClock {
  readonly now: () => number;
  readonly #wallNow: () => number;
  /** AWS's time less `now`; the machine's own time, until AWS says that it is another. */
  #ahead: number;
  #wallAhead: number;

  constructor({ now = () => performance.now(), wallNow = () => Date.now() }: ClockOptions = {}) {
    this.now = now;
    this.#wallNow = wallNow;
    this.#ahead = wallNow() - now();
    this.#wallAhead = this.#ahead;
  }

  /** Milliseconds since the epoch, as AWS counts them. */
  get awsNow(): number {
    return this.now() + this.#ahead;
  }

  /** What the SDK has to add to the machine's time. */
  get offsetMs(): number {
    return this.awsNow - this.#wallNow();
  }

  /** AWS said that it was this time a moment ago. */
  note(awsMs: number): void {
    if (Number.isNaN(awsMs) || Math.abs(awsMs - this.awsNow) < LEAST_DIFFERENCE_MS) return;
    // the header leaves out up to a second: a session is never believed for longer than it lives
    this.#ahead = awsMs + 1000 - this.now();
  }

  /** By how much the machine's clock was set since this was asked last; its sleep looks the same. */
  jumpMs(): number {
    const before = this.#wallAhead;
    this.#wallAhead = this.#wallNow() - this.now();
    return this.#wallAhead - before;
  }
}
