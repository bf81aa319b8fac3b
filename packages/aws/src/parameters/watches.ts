/** Who waits for which parameters to change. */
import { isSecretReference, type ParameterName } from "@airlock/contract";

export interface Seen {
  readonly value: string;
  readonly version: number;
  readonly last_modified: string;
}

/** What SSM shows of a parameter now; undefined when it is gone. */
export type Shown = Seen | undefined;

/** What SSM shows beside what was seen; over is the end of the time, or of the reader. */
export type Shows = "other" | "same" | "over";

interface Watch {
  readonly seen: Seen;
  /** How many looks had begun when it was added, where the next one ends it whatever that shows. */
  readonly lookAfter: number | undefined;
  end(shows: Shows): void;
}

export interface WatchOptions {
  /** Longest wait in milliseconds. */
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Does not wait for a change, but for what SSM shows next. */
  readonly untilShown?: boolean | undefined;
}

/** SSM's operations need not round the same time alike. */
const SAME_TIME_MS = 1000;

export class Watches {
  readonly #byName = new Map<ParameterName, Set<Watch>>();
  #looks = 0;

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** How many names are waited for. */
  get size(): number {
    return this.#byName.size;
  }

  /** Those that were given longest ago first. */
  names(): Iterable<ParameterName> {
    return this.#byName.keys();
  }

  /** What to look at now: up to so many names that fit, those that were given longest ago first. */
  next(count: number, fits: (name: ParameterName) => boolean): ParameterName[] {
    this.#looks++;
    const names = [...this.#byName.keys()].filter(fits).slice(0, count);
    for (const name of names) {
      const watches = this.#byName.get(name);
      this.#byName.delete(name);
      if (watches) this.#byName.set(name, watches);
    }
    return names;
  }

  /**
   * @param untilShown ends as well when SSM shows the same, asked after this.
   * @returns what `show` tells.
   */
  add(
    name: ParameterName,
    seen: Seen,
    { limitMs, signal, untilShown = false }: WatchOptions,
  ): Promise<Shows> {
    const { promise, resolve } = Promise.withResolvers<Shows>();
    const end = (shows: Shows) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
      this.#remove(name, watch);
      resolve(shows);
    };
    const giveUp = () => end("over");
    const timer = setTimeout(giveUp, limitMs);
    const watch: Watch = { seen, lookAfter: untilShown ? this.#looks : undefined, end };
    const watches = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, watches.add(watch));
    signal?.addEventListener("abort", giveUp, { once: true });
    if (signal?.aborted) giveUp();
    return promise;
  }

  /** Tells those of it who have seen something else. @returns whether there were any. */
  show(name: ParameterName, shown: Shown): boolean {
    const isOther = isSecretReference(name) ? isOtherSecret : isOtherVersion;
    let isChange = false;
    for (const watch of [...(this.#byName.get(name) ?? [])]) {
      if (isOther(watch.seen, shown)) {
        isChange = true;
        watch.end("other");
      } else if (watch.lookAfter !== undefined && watch.lookAfter < this.#looks) watch.end("same");
    }
    return isChange;
  }

  endAll(): void {
    for (const watches of [...this.#byName.values()]) {
      for (const watch of [...watches]) watch.end("over");
    }
  }

  #remove(name: ParameterName, watch: Watch): void {
    const watches = this.#byName.get(name);
    watches?.delete(watch);
    if (watches?.size === 0) this.#byName.delete(name);
  }
}

/** A secret has no versions, and is read decrypted alone. */
const isOtherSecret = (seen: Seen, shown: Shown): boolean => shown?.value !== seen.value;

function isOtherVersion(seen: Seen, shown: Shown): boolean {
  if (!shown || shown.version !== seen.version) return true;
  // a parameter that was deleted and made anew begins with the same version
  const apartMs = Math.abs(Date.parse(shown.last_modified) - Date.parse(seen.last_modified));
  return apartMs > SAME_TIME_MS;
}
