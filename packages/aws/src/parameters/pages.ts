/** A list that SSM gives page by page: what fails in the middle goes on there. */
import { ProblemError } from "@airlock/contract";
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
  readonly owner: string | undefined;
  bytes: number;
  pages: number;
  token: string | undefined;
}

/** One page is asked for so often, each time in its turn, before the list has failed. */
const ATTEMPTS = 6;
/** Lists that have failed and may be gone on with, and for how long. */
const MAX_UNFINISHED = 20;
const UNFINISHED_MS = 300_000;

/** Of the bytes that all lists on their way may have, those of one owner have this part. */
const OWNER_SHARE = 0.5;

export interface PagesOptions<T> {
  /** What all lists on their way may have together, but for the one that is longest on its way. */
  readonly maxBytes: number;
  readonly sizeOf: (item: T) => number;
}

export class Pages<T> {
  readonly #options: PagesOptions<T>;
  /** In the order in which they began. */
  readonly #running = new Set<Walk<T>>();
  readonly #unfinished = new LRUCache<string, Walk<T>>({
    max: MAX_UNFINISHED,
    ttl: UNFINISHED_MS,
  });

  constructor(options: PagesOptions<T>) {
    this.#options = options;
  }

  /**
   * @param owner who has begun it, where that is known.
   * @param key stands for the list.
   * @param fetch one page; throws ProblemError only.
   * @throws ProblemError list_unfinished where more is on its way than there is room for; that of the page that
   * failed. The next call begins with that page, if this one came
   * any further: a token that SSM knows no longer must not end the list for ever.
   */
  async all(
    key: string,
    fetch: (token: string | undefined) => Promise<Page<T>>,
    owner?: string | undefined,
  ): Promise<AllPages<T>> {
    const begun = { items: [], owner, bytes: 0, pages: 0, token: undefined };
    const walk: Walk<T> = this.#unfinished.get(key) ?? begun;
    this.#unfinished.delete(key);
    this.#running.add(walk);
    const before = walk.pages;
    try {
      do {
        const page = await patiently(() => fetch(walk.token));
        walk.items.push(...page.items);
        for (const item of page.items) walk.bytes += this.#options.sizeOf(item);
        walk.token = page.token;
        walk.pages++;
        if (walk.token) this.#demandRoom(walk);
      } while (walk.token);
    } catch (problem) {
      const goesOn = isOutage(problem) && !isNoRoom(problem) && walk.pages > before;
      if (goesOn) this.#unfinished.set(key, walk);
      throw problem;
    } finally {
      this.#running.delete(walk);
    }
    return { items: walk.items, pages: walk.pages };
  }

  /** The one that is longest on its way always goes on, so that one of them ends. */
  #demandRoom(walk: Walk<T>): void {
    const { maxBytes } = this.#options;
    const running = [...this.#running];
    const own = running.filter(({ owner }) => owner === walk.owner);
    const isTooMuch = walk.owner !== undefined && sizeOfAll(own) > maxBytes * OWNER_SHARE;
    if (isTooMuch && walk !== own[0]) throw noRoom();
    const roomForOthers = maxBytes - sizeOfAll(running);
    // nobody waits for those that have failed
    while (sizeOfAll(this.#unfinished.values()) > Math.max(0, roomForOthers))
      this.#unfinished.pop();
    if (roomForOthers < 0 && walk !== running[0]) throw noRoom();
  }
}

function sizeOfAll(walks: Iterable<Walk<unknown>>): number {
  let size = 0;
  for (const { bytes } of walks) size += bytes;
  return size;
}

const isNoRoom = (problem: unknown): boolean =>
  (problem as { code?: unknown }).code === "list_unfinished";

const noRoom = () =>
  new ProblemError(
    "list_unfinished",
    "More is being fetched than there is room for; try again shortly, or ask for less.",
    { headers: { "retry-after": "5" } },
  );

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
