/** Looks a name up again and again, and serves the last good answer when that fails. */
import { type LookupAddress, type LookupOptions, lookup } from "node:dns";

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;
type Lookup = (host: string, options: LookupOptions, callback: LookupCallback) => void;

/** An answer older than this is asked for again, in the background. */
const FRESH_MS = 10_000;

/**
 * One look-up at a time, so that a resolver which hangs cannot use up the few threads that the
 * process has for it; connections to a name that was resolved once never wait for the resolver.
 */
export class Resolver {
  readonly #host: string;
  readonly #query: (host: string) => Promise<LookupAddress[]>;
  readonly #onChange: () => void;
  #addresses: LookupAddress[] = [];
  #resolvedAt = Number.NEGATIVE_INFINITY;
  #pending: Promise<LookupAddress[]> | undefined;
  #timer: NodeJS.Timeout;

  /** @param onChange called when the set of addresses differs from the one before. */
  constructor(host: string, onChange: () => void, query = queryAll) {
    this.#host = host;
    this.#query = query;
    this.#onChange = onChange;
    this.#timer = setInterval(() => {
      if (this.#addresses.length > 0) this.#refresh().catch(() => {}); // the old answer stays
    }, FRESH_MS).unref();
  }

  /** To be used as `lookup` of a socket. */
  readonly lookup: Lookup = (_host, options, callback) => {
    this.#current().then(
      (addresses) => {
        const usable = addresses.filter(
          ({ family }) => !options.family || family === options.family,
        );
        const [first] = usable;
        if (options.all) callback(null, usable);
        else if (first) callback(null, first.address, first.family);
        else callback(notFound(this.#host), []);
      },
      (error: NodeJS.ErrnoException) => callback(error, []),
    );
  };

  stop(): void {
    clearInterval(this.#timer);
  }

  async #current(): Promise<LookupAddress[]> {
    if (this.#addresses.length === 0) return this.#refresh();
    if (performance.now() - this.#resolvedAt > FRESH_MS) this.#refresh().catch(() => {});
    return this.#addresses;
  }

  #refresh(): Promise<LookupAddress[]> {
    this.#pending ??= this.#query(this.#host)
      .then((addresses) => {
        const changed = this.#addresses.length > 0 && !sameSet(this.#addresses, addresses);
        this.#addresses = addresses;
        this.#resolvedAt = performance.now();
        if (changed) this.#onChange();
        return addresses;
      })
      .finally(() => {
        this.#pending = undefined;
      });
    return this.#pending;
  }
}

function queryAll(host: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, addresses) => {
      if (error) reject(error);
      else if (addresses.length === 0) reject(notFound(host));
      else resolve(addresses);
    });
  });
}

function notFound(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`no address for ${host}`), { code: "ENOTFOUND" });
}

function sameSet(a: readonly LookupAddress[], b: readonly LookupAddress[]): boolean {
  const known = new Set(a.map(({ address }) => address));
  return known.size === new Set(b.map(({ address }) => address)).size
    ? b.every(({ address }) => known.has(address))
    : false;
}
