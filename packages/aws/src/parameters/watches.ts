/** Who waits for which parameters to change. */

export interface Seen {
  readonly version: number;
  readonly last_modified: string;
}

/** What SSM shows of a parameter now; undefined when it is gone. */
export type Shown = Partial<Seen> | undefined;

interface Watch {
  readonly seen: Seen;
  end(isChanged: boolean): void;
}

/** SSM's operations need not round the same time alike. */
const SAME_TIME_MS = 1000;

export class Watches {
  readonly #byName = new Map<string, Set<Watch>>();

  get isEmpty(): boolean {
    return this.#byName.size === 0;
  }

  /** Up to so many names, those that were given longest ago first. */
  next(count: number): string[] {
    const names = [...this.#byName.keys()].slice(0, count);
    for (const name of names) {
      const watches = this.#byName.get(name);
      this.#byName.delete(name);
      if (watches) this.#byName.set(name, watches);
    }
    return names;
  }

  /** True when `show` tells of a change, false at the end of the time or when the reader leaves. */
  add(name: string, seen: Seen, limitMs: number, signal?: AbortSignal): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const end = (isChanged: boolean) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
      this.#remove(name, watch);
      resolve(isChanged);
    };
    const giveUp = () => end(false);
    const timer = setTimeout(giveUp, limitMs);
    const watch: Watch = { seen, end };
    const watches = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, watches.add(watch));
    signal?.addEventListener("abort", giveUp, { once: true });
    if (signal?.aborted) giveUp();
    return promise;
  }

  /** Ends the wait of those who have seen something else. @returns whether there were any. */
  show(name: string, shown: Shown): boolean {
    const changed = [...(this.#byName.get(name) ?? [])].filter(({ seen }) => isOther(seen, shown));
    for (const watch of changed) watch.end(true);
    return changed.length > 0;
  }

  endAll(): void {
    for (const watches of [...this.#byName.values()]) {
      for (const watch of [...watches]) watch.end(false);
    }
  }

  #remove(name: string, watch: Watch): void {
    const watches = this.#byName.get(name);
    watches?.delete(watch);
    if (watches?.size === 0) this.#byName.delete(name);
  }
}

function isOther(seen: Seen, shown: Shown): boolean {
  if (!shown?.last_modified || shown.version !== seen.version) return true;
  // a parameter that was deleted and made anew begins with the same version
  const apartMs = Math.abs(Date.parse(shown.last_modified) - Date.parse(seen.last_modified));
  return apartMs > SAME_TIME_MS;
}
