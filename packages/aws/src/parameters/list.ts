/** All parameters by name, without values: fetched rarely, since it takes a call for every fifty. */
import { DescribeParametersCommand } from "@aws-sdk/client-ssm";
import { ReadCache } from "../read-cache.ts";
import type { Read, ReadOptions } from "../reads.ts";
import { type AllPages, allPages } from "./pages.ts";
import { LIST_WAIT_MS, type SsmCalls } from "./ssm-calls.ts";
import { byName, descriptionsFrom, type ParameterInfo } from "./ssm-wire.ts";

/** The most that DescribeParameters gives at once. */
const PAGE_SIZE = 50;
/** Refreshing takes no more than this share of the budget, however long the list. */
const BUDGET_SHARE = 0.2;
const KEY = "list";

export interface ParameterListOptions {
  readonly calls: SsmCalls;
  readonly freshMs: number;
  readonly staleMs: number;
  readonly perSecond: () => number;
  readonly now: () => number;
}

export class ParameterList {
  readonly #calls: SsmCalls;
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
      maxEntries: 1,
      now,
    });
  }

  /** Sorted by name. @throws ProblemError */
  async read({ revalidate, signal }: ReadOptions): Promise<Read<ParameterInfo[]>> {
    const fetch = () => this.#fetch();
    const reader = { revalidate, signal, limitMs: LIST_WAIT_MS };
    const { value, ...news } = await this.#cache.read(KEY, fetch, reader);
    return { value: value.items, ...news };
  }

  async #fetch(): Promise<AllPages<ParameterInfo>> {
    const priority = this.#cache.isUsable(KEY) ? "background" : "read";
    const turn = { priority, owner: "list" } as const;
    const list = await allPages((NextToken) =>
      this.#calls.inTurn("ssm.DescribeParameters", turn, async (ssm, abortSignal) => {
        const command = new DescribeParametersCommand({ MaxResults: PAGE_SIZE, NextToken });
        const page = await ssm.send(command, { abortSignal });
        const items = descriptionsFrom(page).map(({ version, ...info }) => info);
        return { items, token: page.NextToken };
      }),
    );
    list.items.sort(byName);
    return list;
  }
}
