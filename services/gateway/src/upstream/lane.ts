/** A lane: our own places in front of an upstream's connections. Who finds none waits in order. */
import { CLIENT_SHARE } from "@airlock/http";
import { Client } from "undici";
import type { LaneSize } from "./classes.ts";

/** Shorter than the 72 s after which the upstream closes an idle connection. */
const IDLE_MS = 30_000;

/** A connection, or room for one: undici makes it for the first request, and again when it has ended. */
export interface Place {
  readonly client: Client;
  /** Not to be used again: the upstream has other addresses now. */
  isOld: boolean;
  /** Whose call is under way here. */
  holder: string | undefined;
}

/** Who wants a place. */
export interface Entrant {
  /** Whose share the place is of; undefined for what is done for everybody. */
  readonly holder: string | undefined;
  /** Its turn: at once, or later, unless it has left before. */
  enter(place: Place): void;
}

export interface LaneOptions extends LaneSize {
  readonly origin: string;
  readonly connect: NonNullable<Client.Options["connect"]>;
}

/**
 * The queue is ours and not undici's, for undici ends the connection of a request that was given up
 * while it waited: here it leaves no trace. The place that was used last is the next to be used, so
 * that what is not needed falls idle and ends.
 *
 * One client has half of the places at most, and half of the queue: the others find room however much
 * it asks for. Who has what is only looked at once half of all is taken: until then nobody can have more.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #all = new Set<Place>();
  readonly #idle: Place[] = [];
  /** No Set: who has left one stays in memory until the next full collection, as old as the Set itself. */
  readonly #queue: Entrant[] = [];
  #taken = 0;
  #wasUsed = false;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** The longest pause between two parts of a body, in milliseconds; 0 is any. */
  get bodyPauseMs(): number {
    return this.#options.bodyPauseMs;
  }

  get isFull(): boolean {
    return this.#queue.length >= this.#options.maxQueued;
  }

  /** Whether this client has its part of the queue. */
  isFullFor(holder: string | undefined): boolean {
    const most = Math.ceil(this.#options.maxQueued * CLIENT_SHARE);
    return this.#queue.length >= most && countOf(holder, this.#queue) >= most;
  }

  /** Whether this client has its part of the places: it waits for itself, and not for others. */
  hasShare(holder: string | undefined): boolean {
    const most = Math.ceil(this.#options.places * CLIENT_SHARE);
    return this.#taken >= most && countOf(holder, this.#all) >= most;
  }

  /** @returns whether it has a place already; else it is in the queue. */
  enter(entrant: Entrant): boolean {
    if (this.#taken >= this.#options.places || this.hasShare(entrant.holder)) {
      this.#queue.push(entrant);
      return false;
    }
    this.#give(this.#idle.pop() ?? this.#makePlace(), entrant);
    return true;
  }

  /** Leaves the queue. */
  leave(entrant: Entrant): void {
    const index = this.#queue.indexOf(entrant);
    if (index >= 0) this.#queue.splice(index, 1);
  }

  /** Gives a place back. @param isBroken its connection has ended, or must end. */
  release(place: Place, isBroken: boolean): void {
    this.#taken--;
    place.holder = undefined;
    const next = this.#takeNext();
    const isKept = !isBroken && !place.isOld;
    if (!isKept) this.#end(place, isBroken);
    if (next) this.#give(isKept ? place : this.#makePlace(), next);
    else if (isKept) this.#idle.push(place);
  }

  /** Connections from now on are new ones; answers under way are finished first. */
  renew(): void {
    for (const place of this.#all) place.isOld = true;
    for (const place of this.#idle.splice(0)) this.#end(place, false);
  }

  /** Ends the connections once their answers are whole. */
  async close(): Promise<void> {
    await Promise.all([...this.#all].map(({ client }) => client.close().catch(() => {})));
  }

  /** Undefined when nobody has ever wanted a place here: not every upstream has every kind of request. */
  stats(): { busy: number; idle: number; running: number; waiting: number } | undefined {
    if (!this.#wasUsed) return undefined;
    const connected = [...this.#all].filter(({ client }) => client.stats.connected).length;
    const idle = this.#idle.filter(({ client }) => client.stats.connected).length;
    return { busy: connected - idle, idle, running: this.#taken, waiting: this.#queue.length };
  }

  /** Out of the queue: the first whose client may have one more. */
  #takeNext(): Entrant | undefined {
    let refused: Set<string | undefined> | undefined;
    for (const [index, { holder }] of this.#queue.entries()) {
      if (refused?.has(holder)) continue;
      if (!this.hasShare(holder)) return this.#queue.splice(index, 1)[0];
      refused ??= new Set();
      refused.add(holder);
    }
    return undefined;
  }

  #give(place: Place, entrant: Entrant): void {
    this.#taken++;
    place.holder = entrant.holder;
    entrant.enter(place);
  }

  #makePlace(): Place {
    this.#wasUsed = true;
    const { origin, connect } = this.#options;
    const client = new Client(origin, {
      pipelining: 1,
      keepAliveTimeout: IDLE_MS,
      // the call has a timer of its own, exact to the millisecond; undici keeps each of its own for half a second
      headersTimeout: 0,
      bodyTimeout: 0,
      connect,
    });
    const place: Place = { client, isOld: false, holder: undefined };
    this.#all.add(place);
    client.on("disconnect", () => {
      const index = this.#idle.indexOf(place);
      if (index < 0) return; // in use: whoever uses it knows what that means
      this.#idle.splice(index, 1);
      this.#end(place, false);
    });
    return place;
  }

  #end(place: Place, isBroken: boolean): void {
    this.#all.delete(place);
    const { client } = place;
    (isBroken ? client.destroy() : client.close()).catch(() => {}); // it may have ended by itself
  }
}

function countOf(holder: string | undefined, them: Iterable<{ holder: string | undefined }>) {
  if (holder === undefined) return 0;
  let count = 0;
  for (const one of them) if (one.holder === holder) count++;
  return count;
}
