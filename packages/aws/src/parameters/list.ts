/** All parameters by name, without values: fetched rarely, since SSM describes fifty in about a second. */
import type { ParameterPrefix } from "@airlock/contract";
import { DescribeParametersCommand } from "@aws-sdk/client-ssm";
import { CLASSES } from "../classes.ts";
import { isOutage } from "../errors.ts";
import { ReadCache } from "../read-cache.ts";
import type { Read, ReadOptions } from "../reads.ts";
import { type AllPages, Pages } from "./pages.ts";
import type { SsmCalls, Turn } from "./ssm-calls.ts";
import { byName, descriptionsFrom, type ParameterInfo } from "./ssm-wire.ts";

/** The most that DescribeParameters gives at once. */
const PAGE_SIZE = 50;
/** Refreshing takes no more than this share of the budget, however long the list. */
const BUDGET_SHARE = 0.5;
/** The whole list, and those of some prefixes. */
const MAX_LISTS = 100;
/** What all lists may take in memory, and as much again those on their way; and one name of them, roughly. */
const MAX_BYTES = 33_554_432;
const ITEM_BYTES = 300;
/** Prefixes that SSM takes as a filter: not those of its own names, which it does not describe. */
const FILTERABLE = /^(?!\/?(aws|ssm))[a-z0-9_./-]+$/i;

export interface ListOptions extends ReadOptions {
  /** Only these are wanted, though others may be there too. */
  readonly prefix?: ParameterPrefix | undefined;
}

export interface ParameterListOptions {
  readonly calls: SsmCalls;
  readonly freshMs: number;
  readonly staleMs: number;
  readonly perSecond: () => number;
  readonly now: () => number;
}

export class ParameterList {
  readonly #calls: SsmCalls;
  readonly #pages = new Pages<ParameterInfo>({ maxBytes: MAX_BYTES, sizeOf: () => ITEM_BYTES });
  readonly #cache: ReadCache<AllPages<ParameterInfo>>;

  constructor({ calls, freshMs, staleMs, perSecond, now }: ParameterListOptions) {
    this.#calls = calls;
    const affordableMs = (pages: number) => (pages / (perSecond() * BUDGET_SHARE)) * 1000;
    this.#cache = new ReadCache({
      freshMs: ({ pages }) => (pages === 1 ? freshMs : Math.max(freshMs, affordableMs(pages))),
      revalidateMs: ({ pages }) => Math.max(1000, affordableMs(pages)),
      staleMs,
      refusedMs: 5000,
      whileRevalidating: true,
      maxEntries: MAX_LISTS,
      maxBytes: MAX_BYTES,
      sizeOf: ({ items }) => items.length * ITEM_BYTES + ITEM_BYTES,
      now,
    });
  }

  /** Sorted by name; the same array for as long as SSM gives the same. @throws ProblemError */
  async read(options: ListOptions): Promise<Read<ParameterInfo[]>> {
    const { prefix = "", revalidate } = options;
    const isWhole = !FILTERABLE.test(prefix) || this.#cache.isFresh("", revalidate);
    if (isWhole) return this.#read("", options);
    try {
      return await this.#read(prefix, options);
    } catch (problem) {
      if (isOutage(problem)) throw problem;
      return this.#read("", options); // the filter was refused
    }
  }

  async #read(prefix: string, options: ListOptions): Promise<Read<ParameterInfo[]>> {
    const { revalidate, signal, caller } = options;
    const fetch = () => this.#fetch(prefix, caller);
    const reader = { revalidate, signal, limitMs: CLASSES.list.wholeMs };
    const { value, ...news } = await this.#cache.read(prefix, fetch, reader);
    return { value: value.items, ...news };
  }

  async #fetch(prefix: string, caller: string | undefined): Promise<AllPages<ParameterInfo>> {
    const turn: Turn = { class: "list", owner: caller ?? "", caller };
    const filters = [{ Key: "Name", Option: "BeginsWith", Values: [prefix] }];
    const page = (NextToken: string | undefined) =>
      this.#calls.inTurn("ssm.DescribeParameters", turn, async (ssm, options) => {
        const command = new DescribeParametersCommand({
          MaxResults: PAGE_SIZE,
          NextToken,
          ...(prefix !== "" && { ParameterFilters: filters }),
        });
        const page = await ssm.send(command, options);
        const items = descriptionsFrom(page).map(({ version, ...info }) => info);
        return { items, token: page.NextToken };
      });
    const list = await this.#pages.all(prefix, page, caller);
    list.items.sort(byName);
    return list;
  }
}
