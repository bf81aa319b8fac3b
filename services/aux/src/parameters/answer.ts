/** What the three ways to ask for many parameters share. */
import type { LargeAnswers } from "../large-answers.ts";
import type { RenderedLists } from "../rendered-lists.ts";
import type { CacheNews, Representation } from "../representation.ts";

export interface Answer<T> {
  readonly body: T;
  /** Undefined for an answer that shows nothing. */
  readonly news: CacheNews | undefined;
}

/** What makes bytes of them. */
export interface Renderers {
  readonly lists: RenderedLists;
  readonly large: LargeAnswers;
}

/** An answer as it is sent. */
export interface Rendered {
  readonly representation: Representation;
  /** As above. */
  readonly news: CacheNews | undefined;
}

/** What a client asks the store with. */
export interface Asking {
  readonly caller: string | undefined;
  readonly signal: AbortSignal;
  readonly revalidate: boolean;
}
