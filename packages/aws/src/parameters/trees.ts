/** The parameters below a path, with their values. */
import type { Parameter } from "@airlock/contract";
import { GetParametersByPathCommand } from "@aws-sdk/client-ssm";
import type { ReadCache } from "../read-cache.ts";
import type { Read, ReadOptions } from "../reads.ts";
import { allPages } from "./pages.ts";
import { LIST_WAIT_MS, type SsmCalls } from "./ssm-calls.ts";
import { byName, parameterFrom } from "./ssm-wire.ts";

/** The most that GetParametersByPath gives at once. */
const PAGE_SIZE = 10;

export interface TreeOptions extends ReadOptions {
  /** All levels below, not only the next one. */
  readonly recursive: boolean;
}

export class Trees {
  readonly #calls: SsmCalls;
  readonly #cache: ReadCache<Parameter | Parameter[]>;

  constructor(calls: SsmCalls, cache: ReadCache<Parameter | Parameter[]>) {
    this.#calls = calls;
    this.#cache = cache;
  }

  /** Sorted by name. @throws ProblemError */
  read(path: string, options: TreeOptions): Promise<Read<Parameter[]>> {
    const { recursive, decrypt = true, caller = "", revalidate, signal } = options;
    const key = `tree ${decrypt} ${recursive} ${path}`;
    const fetch = () => this.#fetch(path, recursive, decrypt, caller);
    return this.#cache.read(key, fetch, { revalidate, signal, limitMs: LIST_WAIT_MS });
  }

  async #fetch(
    path: string,
    recursive: boolean,
    decrypt: boolean,
    owner: string,
  ): Promise<Parameter[]> {
    const turn = { priority: "read", owner: `tree ${owner}`, limitMs: LIST_WAIT_MS } as const;
    const { items } = await allPages((NextToken) =>
      this.#calls.inTurn("ssm.GetParametersByPath", turn, async (ssm, abortSignal) => {
        const command = new GetParametersByPathCommand({
          Path: path,
          Recursive: recursive,
          WithDecryption: decrypt,
          MaxResults: PAGE_SIZE,
          NextToken,
        });
        const page = await ssm.send(command, { abortSignal });
        const found = (page.Parameters ?? []).map(parameterFrom);
        return { items: found.filter((one) => one !== undefined), token: page.NextToken };
      }),
    );
    return items.sort(byName);
  }
}
