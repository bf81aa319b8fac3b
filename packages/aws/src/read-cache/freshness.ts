/** How old a value that was read may be, and for whom. */

/** Age up to which even those who ask for what AWS has now are served, unless the options say more. */
const REVALIDATE_MS = 1000;

export interface FreshnessOptions<T> {
  /** Age up to which a value is served as it is; 0 asks AWS every time. */
  readonly freshMs: number | ((value: T) => number);
  /** Age up to which it is served when AWS cannot answer; 0 never. */
  readonly staleMs: number;
  /** Age below which AWS is not asked again, even for those who want what it has now; default 1 s. */
  readonly revalidateMs?: ((value: T) => number) | undefined;
  /** How long it is remembered that something is not there or may not be had. */
  readonly refusedMs: number;
  /** Serves an old value, up to twice its fresh time, while it is refreshed in the background. */
  readonly whileRevalidating?: boolean | undefined;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

export interface Aged<T> {
  readonly value: T;
  readonly fetchedAt: number;
  /** AWS is known to have another value by now. */
  readonly isOutdated: boolean;
}

export class Freshness<T> {
  readonly #options: FreshnessOptions<T>;

  constructor(options: FreshnessOptions<T>) {
    this.#options = options;
  }

  ageMs({ fetchedAt }: Aged<T>): number {
    return this.#options.now() - fetchedAt;
  }

  /** @param revalidate whether the reader wants what AWS has now. */
  isFresh(entry: Aged<T>, revalidate: boolean): boolean {
    if (entry.isOutdated) return false;
    const freshMs = this.#freshMs(entry);
    const revalidateMs = this.#options.revalidateMs?.(entry.value) ?? REVALIDATE_MS;
    return this.ageMs(entry) < (revalidate ? Math.min(revalidateMs, freshMs) : freshMs);
  }

  /** Whether it is served while it is refreshed. */
  isInGrace(entry: Aged<T>): boolean {
    if (!this.#options.whileRevalidating || entry.isOutdated) return false;
    return this.ageMs(entry) < 2 * this.#freshMs(entry);
  }

  /** Whether it is past half of its fresh time: it will be fetched soon anyway. */
  isRipe(entry: Aged<T>): boolean {
    return this.ageMs(entry) >= this.#freshMs(entry) / 2;
  }

  /** Whether it is served when AWS cannot answer. */
  isUsable(entry: Aged<T>): boolean {
    return this.ageMs(entry) < this.#options.staleMs;
  }

  /** Age below which a refusal is believed. */
  refusedMs(revalidate: boolean): number {
    const { refusedMs } = this.#options;
    return revalidate ? Math.min(REVALIDATE_MS, refusedMs) : refusedMs;
  }

  #freshMs({ value }: Aged<T>): number {
    const { freshMs } = this.#options;
    return typeof freshMs === "number" ? freshMs : freshMs(value);
  }
}
