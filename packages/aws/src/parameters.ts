/** SSM Parameter Store: values, trees and the list of names, cached and within a budget of calls. */
import { type Parameter, type Parameters, ProblemError } from "@airlock/contract";
import type { SSMClient } from "@aws-sdk/client-ssm";
import type { AwsCaller } from "./caller.ts";
import type { Budget } from "./parameters/budget.ts";
import { Changes, type WaitOptions } from "./parameters/changes.ts";
import { ParameterList } from "./parameters/list.ts";
import { referenceTo, type Selection } from "./parameters/reference.ts";
import { SsmCalls } from "./parameters/ssm-calls.ts";
import { type TreeOptions, Trees } from "./parameters/trees.ts";
import { MANY_TURNS_MS, Values } from "./parameters/values.ts";
import type { Seen } from "./parameters/watches.ts";
import { ReadCache } from "./read-cache.ts";
import {
  type CallOptions,
  type ObserveRead,
  observed,
  type Read,
  type ReadOptions,
} from "./reads.ts";
import type { Session } from "./session.ts";
import type { AwsSettings } from "./settings.ts";

export interface ParameterStore {
  /**
   * The newest version of one parameter unless another is selected; decrypted unless asked otherwise.
   * The same object for as long as SSM gives the same.
   *
   * @param name canonical name.
   * @throws ProblemError parameter_not_found, aws_budget_exhausted and the AWS codes.
   */
  get(name: string, options?: ReadOptions & Selection): Promise<Read<Parameter>>;
  /** Those of them that there are, by name. @throws ProblemError for any other failure */
  getMany(names: readonly string[], options?: ReadOptions): Promise<Map<string, Read<Parameter>>>;
  /** The parameters below a path, sorted by name. @throws ProblemError */
  tree(path: string, options: TreeOptions): Promise<Read<Parameter[]>>;
  /** Every parameter without its value, sorted by name. @throws ProblemError */
  list(options?: ReadOptions): Promise<Read<Parameters["parameters"]>>;
  /**
   * @param seen what the client has of it.
   * @returns true as soon as SSM shows another version or none, false when the time is up or the
   * client has gone.
   */
  waitForChange(name: string, seen: Seen, options: WaitOptions & CallOptions): Promise<boolean>;
  close(): void;
}

export interface ParameterStoreOptions {
  readonly settings: AwsSettings;
  readonly ssm: SSMClient;
  readonly call: AwsCaller;
  readonly session: Session;
  readonly budget: Budget;
  readonly observe: ObserveRead;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** How long unknown names are remembered, where anything is. */
const UNKNOWN_MS = 5000;
/** What an entry takes beside its text, roughly. */
const ENTRY_BYTES = 300;

export function createParameterStore(options: ParameterStoreOptions): ParameterStore {
  const { settings, budget, observe, now } = options;
  const freshMs = settings.CACHE_FRESH_SECONDS * 1000;
  const staleMs = settings.CACHE_STALE_SECONDS * 1000;
  const cache = new ReadCache<Parameter | Parameter[]>({
    freshMs,
    staleMs,
    refusedMs: Math.min(UNKNOWN_MS, freshMs),
    maxEntries: settings.CACHE_MAX_ENTRIES,
    maxBytes: settings.CACHE_MAX_BYTES,
    sizeOf,
    now,
  });
  const calls = new SsmCalls(options);
  const perSecond = () => budget.perSecond;
  const common = { calls, cache, perSecond, now };
  const decrypted = new Values(common, true);
  const encrypted = new Values(common, false);
  const trees = new Trees(calls, cache);
  const listFreshMs = settings.CACHE_LIST_FRESH_SECONDS * 1000;
  const list = new ParameterList({ calls, freshMs: listFreshMs, staleMs, perSecond, now });
  const valuesOf = ({ decrypt = true }: ReadOptions) => (decrypt ? decrypted : encrypted);
  const changes = new Changes({
    calls,
    now,
    read: async (name) => {
      const options = { revalidate: true };
      const found = await orMissing(encrypted.read(referenceTo(name), options));
      return found?.value;
    },
    onChange(name) {
      decrypted.outdate(name);
      encrypted.outdate(name);
    },
  });

  return {
    get: (name, options = {}) =>
      observed(observe, "parameter", valuesOf(options).read(referenceTo(name, options), options)),
    async getMany(names, options = {}) {
      const values = valuesOf(options);
      const readOne = (name: string) =>
        observed(observe, "parameter", values.read(referenceTo(name), options, MANY_TURNS_MS));
      const found = new Map<string, Read<Parameter>>();
      const reads = await Promise.all(names.map((name) => orMissing(readOne(name))));
      names.forEach((name, i) => {
        const read = reads[i];
        if (read) found.set(name, read);
      });
      return found;
    },
    tree: (path, options) => observed(observe, "parameter_tree", trees.read(path, options)),
    list: (options = {}) => observed(observe, "parameter_list", list.read(options)),
    waitForChange: (name, seen, options) => changes.wait(name, seen, options),
    close() {
      changes.close();
      budget.close();
    },
  };
}

/** Undefined for a parameter that is not there. */
async function orMissing<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (problem) {
    if (problem instanceof ProblemError && problem.code === "parameter_not_found") return undefined;
    throw problem;
  }
}

function sizeOf(value: Parameter | Parameter[]): number {
  if (Array.isArray(value)) return value.reduce((sum, one) => sum + sizeOf(one), ENTRY_BYTES);
  return Buffer.byteLength(value.value) + value.name.length + ENTRY_BYTES;
}
