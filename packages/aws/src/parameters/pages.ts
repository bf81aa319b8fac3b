/** A list that SSM gives page by page. */

export interface Page<T> {
  readonly items: readonly T[];
  /** What to ask for the next page with; a page may be empty and still not the last. */
  readonly token: string | undefined;
}

export interface AllPages<T> {
  readonly items: T[];
  readonly pages: number;
}

export async function allPages<T>(
  fetch: (token: string | undefined) => Promise<Page<T>>,
): Promise<AllPages<T>> {
  const items: T[] = [];
  let token: string | undefined;
  let pages = 0;
  do {
    const page = await fetch(token);
    items.push(...page.items);
    token = page.token;
    pages++;
  } while (token);
  return { items, pages };
}
