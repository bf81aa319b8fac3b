/** How many come per second of late: a count that fades. */

const FADE_MS = 500;

export class ArrivalRate {
  readonly #now: () => number;
  #count = 0;
  #at = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  note(): void {
    this.#fade();
    this.#count++;
  }

  get perSecond(): number {
    this.#fade();
    return (this.#count * 1000) / FADE_MS;
  }

  #fade(): void {
    const now = this.#now();
    this.#count *= Math.exp((this.#at - now) / FADE_MS);
    this.#at = now;
  }
}
