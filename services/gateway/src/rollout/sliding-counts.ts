/** Numbers summed over the last ten minutes. */
const SLOT_MS = 30_000;
const SLOTS = 20;

/** As many numbers as are added each time; what is older than the window falls out by the half minute. */
export class SlidingCounts {
  readonly sums: Float64Array;
  readonly #slots: readonly Uint32Array[];
  #slot = 0;

  constructor(size: number) {
    this.sums = new Float64Array(size);
    this.#slots = Array.from({ length: SLOTS }, () => new Uint32Array(size));
  }

  /** Takes the numbers away: they are 0 afterwards. @param nowMs never goes backwards. */
  take(counts: Uint32Array, nowMs: number): void {
    const slot = this.#at(nowMs);
    for (let index = 0; index < counts.length; index++) {
      const count = counts[index] ?? 0;
      if (count === 0) continue;
      slot[index] = (slot[index] ?? 0) + count;
      this.#add(index, count);
    }
    counts.fill(0);
  }

  clear(): void {
    this.sums.fill(0);
    for (const slot of this.#slots) slot.fill(0);
  }

  /** The slot of now, with those in between emptied. */
  #at(nowMs: number): Uint32Array {
    const now = Math.floor(nowMs / SLOT_MS);
    for (let passed = Math.min(now - this.#slot, SLOTS); passed > 0; passed--) {
      const slot = this.#slotOf(now - passed + 1);
      for (let index = 0; index < slot.length; index++) this.#add(index, -(slot[index] ?? 0));
      slot.fill(0);
    }
    this.#slot = now;
    return this.#slotOf(now);
  }

  #add(index: number, count: number): void {
    this.sums[index] = (this.sums[index] ?? 0) + count;
  }

  #slotOf(number: number): Uint32Array {
    const slot = this.#slots[number % SLOTS];
    if (slot === undefined) throw new RangeError("no time");
    return slot;
  }
}
