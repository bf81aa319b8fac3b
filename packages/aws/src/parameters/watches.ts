/** Who waits for which parameters to change. */
import { isSecretReference, type ParameterName } from "@airlock/contract";

export interface Seen {
  readonly value: string;
  readonly version: number;
  readonly last_modified: string;
}

/** What SSM shows of a parameter now; undefined when it is gone. */
export type Shown = Seen | undefined;

interface Watch {
  readonly seen: Seen;
  end(isChanged: boolean): void;
}

/** SSM's operations need not round the same time alike. */
const SAME_TIME_MS = 1000;

export class Watches {
  readonly #byName = new Map<ParameterName, Set<Watch>>();

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

  /** Up to so many names that fit, those that were given longest ago first. */
  next(count: number, fits: (name: ParameterName) => boolean): ParameterName[] {
    const names = [...this.#byName.keys()].filter(fits).slice(0, count);
    for (const name of names) {
      const watches = this.#byName.get(name);
      this.#byName.delete(name);
      if (watches) this.#byName.set(name, watches);
    }
    return names;
  }

  /** True when `show` tells of a change, false at the end of the time or when the reader leaves. */
  add(name: ParameterName, seen: Seen, limitMs: number, signal?: AbortSignal): Promise<boolean> {
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
  show(name: ParameterName, shown: Shown): boolean {
    const isOther = isSecretReference(name) ? isOtherSecret : isOtherVersion;
    const changed = [...(this.#byName.get(name) ?? [])].filter(({ seen }) => isOther(seen, shown));
    for (const watch of changed) watch.end(true);
    return changed.length > 0;
  }

  endAll(): void {
    for (const watches of [...this.#byName.values()]) {
      for (const watch of [...watches]) watch.end(false);
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
