/** The parameters below a path, with their values. */
import {
  type Parameter,
  type ParameterName,
  type ParameterPath,
  ProblemError,
} from "@airlock/contract";
import { GetParametersByPathCommand } from "@aws-sdk/client-ssm";
import { LRUCache } from "lru-cache";
import { CLASSES } from "../classes.ts";
import { awsProblem, isOutage } from "../errors.ts";
import type { ReadCache } from "../read-cache.ts";
import type { Read, ReadOptions } from "../reads.ts";
import { MAX_NAMES } from "./batcher.ts";
import { type AllPages, Pages } from "./pages.ts";
import { referenceTo } from "./reference.ts";
import type { SsmCalls, Turn } from "./ssm-calls.ts";
import { byName, treeItemsFrom } from "./ssm-wire.ts";
import type { FailedParameter, Tree } from "./tree.ts";
import type { Values } from "./values.ts";

/** The most that GetParametersByPath gives at once. */
const PAGE_SIZE = 10;
const MAX_MIXED = 1000;

export interface TreeOptions extends ReadOptions {
  /** All levels below, not only the next one. */
  readonly recursive: boolean;
}

export interface TreesOptions {
  readonly calls: SsmCalls;
  readonly cache: ReadCache<Parameter | Tree>;
  readonly decrypted: Values;
  /** What all trees on their way may take. */
  readonly maxBytes: number;
  readonly sizeOf: (one: Parameter) => number;
}

export class Trees {
  readonly #options: TreesOptions;
  /** Trees that hold what cannot be decrypted; a page with one of those is refused as a whole. */
  readonly #pages: Pages<Parameter>;
  readonly #mixed = new LRUCache<string, true>({ max: MAX_MIXED });

  constructor(options: TreesOptions) {
    this.#options = options;
    this.#pages = new Pages(options);
  }

  /** @throws ProblemError */
  read(path: ParameterPath, options: TreeOptions): Promise<Read<Tree>> {
    const { recursive, decrypt = true, revalidate, signal } = options;
    const key = `tree ${decrypt} ${recursive} ${path}`;
    const fetch = () => this.#fetch(key, path, options);
    return this.#options.cache.read(key, fetch, {
      revalidate,
      signal,
      limitMs: CLASSES.tree.wholeMs,
    });
  }

  async #fetch(key: string, path: ParameterPath, options: TreeOptions): Promise<Tree> {
    const { recursive, decrypt = true, caller = "" } = options;
    const read = async (withDecryption: boolean): Promise<Tree> => {
      const found = await this.#parameters(path, recursive, withDecryption, options.caller);
      return { parameters: found.items.sort(byName), failed: [], calls: found.pages };
    };
    if (!decrypt) return read(false);
    if (!this.#mixed.has(key)) {
      try {
        return await read(true);
      } catch (problem) {
        if (isOutage(problem)) throw problem;
        // if it was not for decrypting, the next attempt is refused as well
      }
    }
    const tree = await this.#decryptEach(await read(false), caller);
    if (tree.failed.length > 0) this.#mixed.set(key, true);
    else this.#mixed.delete(key);
    return tree;
  }

  async #decryptEach(sealed: Tree, caller: string): Promise<Tree> {
    const parameters: Parameter[] = [];
    const failed: FailedParameter[] = [];
    await Promise.all(
      sealed.parameters.map(async (one) => {
        const { name, type } = one;
        if (type !== "SecureString") return parameters.push(one);
        try {
          return parameters.push(await this.#decryptOne(name, caller));
        } catch (problem) {
          if (!(problem instanceof ProblemError) || isOutage(problem)) throw problem;
          const isGone = problem.code === "parameter_not_found";
          return isGone || failed.push({ name, type, problem });
        }
      }),
    );
    const secrets = sealed.parameters.filter(({ type }) => type === "SecureString").length;
    const calls = sealed.calls + Math.ceil(secrets / MAX_NAMES);
    return { parameters: parameters.sort(byName), failed: failed.sort(byName), calls };
  }

  async #decryptOne(name: ParameterName, caller: string): Promise<Parameter> {
    const options = { caller, revalidate: true };
    const { value, cache } = await this.#options.decrypted.read(
      referenceTo(name),
      options,
      CLASSES.tree.turnMs,
    );
    // an old value would make the whole tree look newer than it is
    if (cache === "stale") throw awsProblem("aws_error");
    return value;
  }

  #parameters(
    path: ParameterPath,
    recursive: boolean,
    withDecryption: boolean,
    caller: string | undefined,
  ): Promise<AllPages<Parameter>> {
    const turn: Turn = { class: "tree", owner: caller ?? "", caller };
    const key = `${withDecryption} ${recursive} ${path}`;
    const fetch = (NextToken: string | undefined) =>
      this.#options.calls.inTurn("ssm.GetParametersByPath", turn, async (ssm, options) => {
        const command = new GetParametersByPathCommand({
          Path: path,
          Recursive: recursive,
          WithDecryption: withDecryption,
          MaxResults: PAGE_SIZE,
          NextToken,
        });
        const page = await ssm.send(command, options);
        return { items: treeItemsFrom(page), token: page.NextToken };
      });
    return this.#pages.all(key, fetch, caller);
  }
}
