/** How many each client has of something, for a bound on it. */

/** With so many names those that have none are forgotten. */
const SWEEP_AT = 1024;

/**
 * Who has none is forgotten later, together with others: where entries come and go with each request,
 * V8 makes the table of a Map anew all the time, and what it leaves stays until the next full collection.
 */
export class ClientCounts {
  readonly #counts = new Map<string, number>();
  #sweepAt = SWEEP_AT;

  /** Clients that it knows, those that have none among them. */
  get size(): number {
    return this.#counts.size;
  }

  of(client: string): number {
    return this.#counts.get(client) ?? 0;
  }

  enter(client: string): void {
    this.#counts.set(client, this.of(client) + 1);
    if (this.#counts.size > this.#sweepAt) this.#sweep();
  }

  leave(client: string): void {
    this.#counts.set(client, this.of(client) - 1);
  }

  #sweep(): void {
    for (const [client, count] of this.#counts) if (count === 0) this.#counts.delete(client);
    this.#sweepAt = Math.max(SWEEP_AT, this.#counts.size * 2);
  }
}
