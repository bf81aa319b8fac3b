/** What happens when, on a clock that stands where the last thing happened. */

export interface Agenda {
  nowMs(): number;
  at(atMs: number, work: () => Promise<void>): void;
  /** Until nothing is left to happen. */
  run(): Promise<void>;
}

export function createAgenda(): Agenda {
  const heap: { readonly atMs: number; readonly work: () => Promise<void> }[] = [];
  let nowMs = 0;
  const isBefore = (a: number, b: number) => (heap[a]?.atMs ?? 0) < (heap[b]?.atMs ?? 0);
  const swap = (a: number, b: number) => {
    [heap[a], heap[b]] = [heap[b] as (typeof heap)[number], heap[a] as (typeof heap)[number]];
  };
  function take() {
    const first = heap[0];
    const last = heap.pop();
    if (heap.length > 0 && last !== undefined) {
      heap[0] = last;
      for (let at = 0; ; ) {
        const left = 2 * at + 1;
        const least = left + 1 < heap.length && isBefore(left + 1, left) ? left + 1 : left;
        if (least >= heap.length || !isBefore(least, at)) break;
        swap(least, at);
        at = least;
      }
    }
    return first;
  }
  return {
    nowMs: () => nowMs,
    at(atMs: number, work: () => Promise<void>): void {
      heap.push({ atMs, work });
      for (let at = heap.length - 1; at > 0; ) {
        const above = (at - 1) >> 1;
        if (!isBefore(at, above)) break;
        swap(at, above);
        at = above;
      }
    },
    async run(): Promise<void> {
      for (let next = take(); next !== undefined; next = take()) {
        nowMs = next.atMs;
        await next.work();
      }
    },
  };
}
