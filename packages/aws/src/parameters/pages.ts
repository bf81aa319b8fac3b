/** A list that SSM gives page by page: what fails in the middle goes on there. */
import { LRUCache } from "lru-cache";
import { isOutage } from "../errors.ts";

export interface Page<T> {
  readonly items: readonly T[];
  /** What to ask for the next page with; a page may be empty and still not the last. */
  readonly token: string | undefined;
}

export interface AllPages<T> {
  readonly items: T[];
  readonly pages: number;
}

/** A list on its way. */
interface Walk<T> {
  readonly items: T[];
  pages: number;
  token: string | undefined;
}

/** One page is asked for so often, each time in its turn, before the list has failed. */
const ATTEMPTS = 6;
/** Lists that have failed and may be gone on with, and for how long. */
const MAX_UNFINISHED = 20;
const UNFINISHED_MS = 300_000;

export class Pages<T> {
  readonly #unfinished = new LRUCache<string, Walk<T>>({
    max: MAX_UNFINISHED,
    ttl: UNFINISHED_MS,
  });

  /**
   * @param key stands for the list.
   * @param fetch one page; throws ProblemError only.
   * @throws ProblemError of the page that failed. The next call begins with that page, if this one came
   * any further: a token that SSM knows no longer must not end the list for ever.
   */
  async all(
    key: string,
    fetch: (token: string | undefined) => Promise<Page<T>>,
  ): Promise<AllPages<T>> {
    const walk: Walk<T> = this.#unfinished.get(key) ?? { items: [], pages: 0, token: undefined };
    this.#unfinished.delete(key);
    const before = walk.pages;
    try {
      do {
        const page = await patiently(() => fetch(walk.token));
        walk.items.push(...page.items);
        walk.token = page.token;
        walk.pages++;
      } while (walk.token);
    } catch (problem) {
      if (isOutage(problem) && walk.pages > before) this.#unfinished.set(key, walk);
      throw problem;
    }
    return { items: walk.items, pages: walk.pages };
  }
}

async function patiently<T>(fetch: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetch();
    } catch (problem) {
      if (attempt === ATTEMPTS || (problem as { code?: unknown }).code !== "aws_throttled") {
        throw problem;
      }
    }
  }
}
