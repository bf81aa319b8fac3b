/** Where an upstream is: its name looked up again and again, its addresses taken in turn. */
import { type LookupAddress, type LookupOptions, lookup } from "node:dns";
import { buildConnector } from "undici";
import { CONNECT_MS } from "./upstream/classes.ts";

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;
export type Lookup = (host: string, options: LookupOptions, callback: LookupCallback) => void;

/** An answer older than this is asked for again, in the background. */
const FRESH_MS = 10_000;

/**
 * One look-up at a time, so that a resolver which hangs cannot use up the few threads that the
 * process has for it; connections to a name that was resolved once never wait for the resolver. Each
 * connection begins with another address, so that all of them have their part.
 */
export class Resolver {
  readonly #host: string;
  readonly #query: (host: string) => Promise<LookupAddress[]>;
  readonly #onChange: () => void;
  #addresses: LookupAddress[] = [];
  #resolvedAt = Number.NEGATIVE_INFINITY;
  #pending: Promise<LookupAddress[]> | undefined;
  #timer: NodeJS.Timeout;
  #turn = 0;

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
        const start = usable.length === 0 ? 0 : this.#turn++ % usable.length;
        const first = usable[start];
        if (options.all) callback(null, [...usable.slice(start), ...usable.slice(0, start)]);
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

/** No connection was made in time; undici's code for it. */
const connectTimeout = () =>
  Object.assign(new Error(`no connection within ${CONNECT_MS} ms`), {
    code: "UND_ERR_CONNECT_TIMEOUT",
  });

/**
 * Makes connections in the time that is promised: undici's own timer may be half a second late. A timer
 * runs before what came in over the network while the process was busy, so that is looked at first: a
 * gateway that was held up must not take an upstream that is well for one that is away.
 */
export function connectorWith(lookup: Lookup | undefined): buildConnector.connector {
  const connect = buildConnector({
    timeout: CONNECT_MS,
    allowH2: false,
    ...(lookup && { lookup }),
  });
  return (options, callback) => {
    let isOver = false;
    const giveUp = () => {
      if (isOver) return;
      isOver = true;
      callback(connectTimeout(), null);
    };
    const timer = setTimeout(() => setImmediate(giveUp), CONNECT_MS);
    connect(options, (...result) => {
      const [, socket] = result;
      if (isOver) return void socket?.destroy();
      isOver = true;
      clearTimeout(timer);
      callback(...result);
    });
  };
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
