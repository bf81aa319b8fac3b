/** Lists of operators, however many pages they take. */
import type { Api, Query } from "../../api/api.ts";

const PAGE = 500;

interface Page {
  readonly next_cursor: string | null;
}

/** @param of where the items of a page are. */
export async function allPages<P extends Page, Item>(
  api: Api,
  path: string,
  query: Query,
  of: (page: P) => readonly Item[],
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await api.get<P>(path, { ...query, limit: PAGE, cursor });
    items.push(...of(page));
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return items;
}
