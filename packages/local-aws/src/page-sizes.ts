// How many items a page gets while the fault `shortPages` is on: fewer than asked for, often none.

const SIZES = [1, 0, 3, 0, 0, 2] as const;

/** @param turn how many pages came before this one. */
export const shortPageSize = (turn: number, size: number): number =>
  Math.min(size, SIZES[turn % SIZES.length] ?? size);
