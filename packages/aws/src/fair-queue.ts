/** A queue that serves its owners in turn, however much each of them has put in. */

export class FairQueue<T> {
  /** The owner whose turn it is comes first. */
  readonly #lines = new Map<string, Set<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** How many items of this owner wait. */
  sizeOf(owner: string): number {
    return this.#lines.get(owner)?.size ?? 0;
  }

  push(owner: string, item: T): void {
    const line = this.#lines.get(owner) ?? new Set();
    line.add(item);
    this.#lines.set(owner, line);
    this.#size++;
  }

  /** The oldest item that fits, of the first owner in turn who has one; his next turn is the last. */
  take(fits: (item: T) => boolean = () => true): T | undefined {
    for (const [owner, line] of this.#lines) {
      for (const item of line) {
        if (!fits(item)) continue;
        this.remove(owner, item);
        if (line.size === 0) return item;
        this.#lines.delete(owner);
        this.#lines.set(owner, line);
        return item;
      }
    }
    return undefined;
  }

  remove(owner: string, item: T): void {
    const line = this.#lines.get(owner);
    if (!line?.delete(item)) return;
    this.#size--;
    if (line.size === 0) this.#lines.delete(owner);
  }

  /** How many items are served before the next one of this owner, or before the last of so many. */
  ahead(owner: string, count = 1): number {
    const own = this.sizeOf(owner) + count;
    let ahead = own - 1;
    for (const [other, line] of this.#lines) {
      if (other !== owner) ahead += Math.min(line.size, own);
    }
    return ahead;
  }
}
