/** Lists and trees as bytes, kept for as long as all that they were made of is the same. */
import type { ProblemError } from "@airlock/contract";
import { LRUCache } from "lru-cache";
import type { Representation } from "./representation.ts";

export interface RenderedList {
  readonly representation: Representation;
  /** How many items it shows, and how many the policy kept back. */
  readonly allowed: number;
  readonly denied: number;
  /** Of a tree: of which of its sources it shows something. */
  readonly shown?: readonly boolean[];
  /** Of a tree: what is told instead where nothing of it could be had. */
  readonly problem?: ProblemError | undefined;
}

export interface RenderedFrom {
  /** What AWS gave; other objects as soon as it gives something else. */
  readonly sources: readonly object[];
  /** The rules that decided; another object where others do. */
  readonly rules: object;
  /** The words of the request. */
  readonly query: string;
}

/** What a list takes beside its bytes, roughly. */
const ENTRY_BYTES = 500;

export class RenderedLists {
  readonly #lists: LRUCache<string, RenderedList>;
  readonly #numbers = new WeakMap<object, number>();
  #lastNumber = 0;

  constructor(maxBytes: number) {
    this.#lists = new LRUCache({
      maxSize: Math.max(1, Math.floor(maxBytes)),
      sizeCalculation: ({ representation }, key) =>
        representation.body.length + key.length + ENTRY_BYTES,
    });
  }

  /** @param render makes it anew; what it throws is thrown, and nothing kept. */
  get({ sources, rules, query }: RenderedFrom, render: () => RenderedList): RenderedList {
    const numbers = [...sources, rules].map((one) => this.#numberOf(one));
    const key = `${numbers.join(" ")} ${query}`;
    const known = this.#lists.get(key);
    if (known) return known;
    const list = render();
    this.#lists.set(key, list);
    return list;
  }

  /** The same for the same object, and for no other. */
  #numberOf(one: object): number {
    const known = this.#numbers.get(one);
    if (known !== undefined) return known;
    this.#lastNumber++;
    this.#numbers.set(one, this.#lastNumber);
    return this.#lastNumber;
  }
}
