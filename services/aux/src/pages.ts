/** Pages of a list that is sorted by name and held in memory. */
import { readPlace, writePlace } from "@airlock/contract";

export interface PageQuery {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface Page<T> {
  readonly items: T[];
  /** Undefined where no limit was asked for, null on the last page. */
  readonly next: string | null | undefined;
}

/**
 * The first items after the cursor that pass `isVisible`; all of them without a limit. An item that
 * appears or goes between two pages shifts no other one.
 *
 * @param list names the list and whatever selects its items, for the cursor.
 * @throws ProblemError invalid_cursor
 */
export function pageOf<T extends { readonly name: string }>(
  list: string,
  sorted: readonly T[],
  { limit, cursor }: PageQuery,
  isVisible: (item: T) => boolean,
): Page<T> {
  const after = cursor === undefined ? undefined : readPlace(list, cursor);
  const items: T[] = [];
  for (let i = after === undefined ? 0 : firstAfter(sorted, after); i < sorted.length; i++) {
    const item = sorted[i] as T;
    if (!isVisible(item)) continue;
    const last = items.at(-1);
    if (items.length === limit && last) {
      return { items, next: writePlace(list, last.name) };
    }
    items.push(item);
  }
  return { items, next: limit === undefined ? undefined : null };
}

/** The member of a body that tells of the next page, where pages were asked for. */
export const nextOf = ({ next }: Page<unknown>): { next_cursor?: string | null } =>
  next === undefined ? {} : { next_cursor: next };

/** Index of the first name greater than this one. */
function firstAfter(sorted: readonly { readonly name: string }[], name: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.name ?? "") <= name) low = middle + 1;
    else high = middle;
  }
  return low;
}
