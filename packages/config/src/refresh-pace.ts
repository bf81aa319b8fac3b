/** When a session with AWS is to be fetched again: in good time, soon after a failure, and not too often for refusals. */

/** Without a session every request fails, so the next attempt follows this soon (plus jitter). */
const URGENT_RETRY_MS = 1000;
/** With a session there is time: 5 s, doubling to 30 s. */
const CALM_RETRY_MS = 5000;
const MAX_CALM_RETRY_MS = 30_000;
/** Sessions that are refused as soon as they are there: 2 s between them, doubling to 10 s. */
const WAKE_MS = 2000;
const MAX_WAKE_MS = 10_000;

export class RefreshPace {
  readonly #now: () => number;
  #dueAt = Number.NEGATIVE_INFINITY;
  #beganAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #isWoken = false;
  /** Renewals before their time, since a call went well. */
  #wakes = 0;
  #wakeAfter = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds of a clock that never goes back. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether no renewal before its time has been of use yet. */
  get isTroubled(): boolean {
    return this.#wakes > 0;
  }

  /** @param isValid without a valid session nothing is waited for but the pace of failures. */
  isDue(isValid: boolean): boolean {
    const now = this.#now();
    if (now >= this.#dueAt) return true;
    // it may also have ended since the attempt that set the time
    return !isValid && now >= Math.max(this.#beganAt + URGENT_RETRY_MS, this.#wakeAfter);
  }

  begin(): void {
    this.#beganAt = this.#now();
    if (!this.#isWoken) return;
    this.#isWoken = false;
    this.#wakeAfter = this.#beganAt + Math.min(WAKE_MS * 2 ** this.#wakes, MAX_WAKE_MS);
    this.#wakes++;
  }

  /** @param lifeMs what the new session has to live: it is renewed at 60–70 % of that. */
  succeeded(lifeMs: number): void {
    this.#failures = 0;
    const share = 0.6 + 0.1 * Math.random();
    this.#dueAt = this.#now() + Math.max(URGENT_RETRY_MS, lifeMs * share);
  }

  /** @param leftMs what the old session has to live. */
  failed(leftMs: number): void {
    this.#failures++;
    const urgentMs = URGENT_RETRY_MS * (1 + 0.3 * Math.random());
    const calmMs = Math.min(CALM_RETRY_MS * 2 ** (this.#failures - 1), MAX_CALM_RETRY_MS);
    const jitteredMs = calmMs * (1 + 0.2 * Math.random());
    this.#dueAt = this.#beganAt + Math.max(urgentMs, Math.min(jitteredMs, leftMs));
  }

  /** Renewal cannot wait for its time, but for the pace of such renewals. */
  wake(): void {
    this.#isWoken = true;
    this.#dueAt = Math.min(this.#dueAt, Math.max(this.#now(), this.#wakeAfter));
  }

  /** AWS takes the session. */
  accepted(): void {
    this.#wakes = 0;
  }
}
