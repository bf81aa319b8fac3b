/** SSM Parameter Store: values, trees and the list of names, cached and within a budget of calls. */
import {
  type Parameter,
  type ParameterName,
  type ParameterPath,
  type Parameters,
  ProblemError,
  sharingAccount,
} from "@airlock/contract";
import type { SSMClient } from "@aws-sdk/client-ssm";
import type { AwsCaller } from "./caller.ts";
import { CACHE_SHARES, CLASSES, MANY_TURNS_MS } from "./classes.ts";
import { translateAwsError } from "./errors.ts";
import { Changes, type ReadNow } from "./parameters/changes.ts";
import { type ListOptions, ParameterList } from "./parameters/list.ts";
import { referenceTo, type Selection } from "./parameters/reference.ts";
import { type Budgets, SsmCalls } from "./parameters/ssm-calls.ts";
import type { Tree } from "./parameters/tree.ts";
import { type TreeOptions, Trees } from "./parameters/trees.ts";
import { batcherOf, Values, type ValuesOptions } from "./parameters/values.ts";
import type { Seen, Shows, WatchOptions } from "./parameters/watches.ts";
import { ReadCache } from "./read-cache.ts";
import { type ObserveRead, observed, type Read, type ReadOptions } from "./reads.ts";
import { type Session, SessionUnavailableError } from "./session.ts";
import type { AwsSettings } from "./settings.ts";

export interface ParameterStore {
  /**
   * Whether the names may be asked for: one parameter has one name, so the account that is asked has
   * no ARNs here.
   *
   * @throws ProblemError invalid_parameter_name, credentials_unavailable
   */
  checkNames(names: readonly ParameterName[]): Promise<void>;
  /**
   * The newest version of one parameter unless another is selected; decrypted unless asked otherwise.
   * The same object for as long as SSM gives the same.
   *
   * @throws ProblemError parameter_not_found, aws_budget_exhausted and the AWS codes.
   */
  get(name: ParameterName, options?: ReadOptions & Selection): Promise<Read<Parameter>>;
  /** The same for each of them: what was read, or what `get` would throw. */
  getMany(
    names: readonly ParameterName[],
    options?: ReadOptions,
  ): Promise<Map<ParameterName, Read<Parameter> | ProblemError>>;
  /** The parameters below a path, sorted by name. @throws ProblemError */
  tree(path: ParameterPath, options: TreeOptions): Promise<Read<Tree>>;
  /**
   * Every parameter without its value, sorted by name; of a prefix at least those that begin so. The same
   * array for as long as SSM gives the same. @throws ProblemError
   */
  list(options?: ListOptions): Promise<Read<Parameters["parameters"]>>;
  /**
   * @param seen what the client has of it.
   * @returns "other" as soon as SSM shows another version or none; with `untilShown`, "same" as soon as it
   * shows this one; "over" when the time is up or the client has gone.
   */
  waitForChange(name: ParameterName, seen: Seen, options: WatchOptions): Promise<Shows>;
  close(): void;
}

export interface ParameterStoreOptions {
  readonly settings: AwsSettings;
  readonly ssm: SSMClient;
  readonly call: AwsCaller;
  readonly session: Session;
  readonly budgets: Budgets;
  readonly observe: ObserveRead;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** How long unknown names are remembered, where anything is. */
const UNKNOWN_MS = 5000;
/** Age below which SSM is not asked again for a value, even for those who want what it has now. */
const REVALIDATE_MS = 1000;
/** One tree that is polled takes no more than this share of the budget, however large. */
const TREES_SHARE = 0.2;
/** Of what values may take in the cache, what trees on their way may take beside it. */
const FETCHED_SHARE = 0.5;
/** What an entry takes beside its text, roughly. */
const ENTRY_BYTES = 300;

export function createParameterStore(options: ParameterStoreOptions): ParameterStore {
  const { settings, budgets, observe, now } = options;
  const freshMs = settings.CACHE_FRESH_SECONDS * 1000;
  const staleMs = settings.CACHE_STALE_SECONDS * 1000;
  const perSecond = () => budgets.values.perSecond;
  const affordableMs = (value: Parameter | Tree) =>
    "calls" in value ? (value.calls / (perSecond() * TREES_SHARE)) * 1000 : 0;
  const maxBytes = Math.ceil(settings.CACHE_MAX_BYTES * CACHE_SHARES.values);
  const cache = new ReadCache<Parameter | Tree>({
    freshMs: (value) => (freshMs === 0 ? 0 : Math.max(freshMs, affordableMs(value))),
    revalidateMs: (value) => Math.max(REVALIDATE_MS, affordableMs(value)),
    staleMs,
    refusedMs: Math.min(UNKNOWN_MS, freshMs),
    maxEntries: settings.CACHE_MAX_ENTRIES,
    maxBytes,
    sizeOf,
    now,
  });
  const calls = new SsmCalls(options);
  const common = { calls, cache, perSecond, now };
  const decrypted = new Values(common, true);
  const encrypted = new Values(common, false);
  const fetched = { maxBytes: maxBytes * FETCHED_SHARE, sizeOf };
  const trees = new Trees({ calls, cache, decrypted, ...fetched });
  const listFreshMs = settings.CACHE_LIST_FRESH_SECONDS * 1000;
  const list = new ParameterList({
    calls,
    freshMs: listFreshMs,
    staleMs,
    perSecond: () => budgets.lists.perSecond,
    now,
  });
  const valuesOf = ({ decrypt = true }: ReadOptions) => (decrypt ? decrypted : encrypted);
  const changes = new Changes({
    now,
    perSecond,
    read: readerOf({ calls, perSecond, now }),
    onChange(name) {
      decrypted.outdate(name);
      encrypted.outdate(name);
    },
  });

  return {
    async checkNames(names) {
      const accounts = names.flatMap((name) => sharingAccount(name) ?? []);
      if (accounts.length === 0) return;
      const own = await options.session.accountId().catch((cause) => {
        throw translateAwsError(new SessionUnavailableError({ cause }));
      });
      if (accounts.includes(own)) throw ownArn();
    },
    get: (name, options = {}) =>
      observed(observe, "parameter", valuesOf(options).read(referenceTo(name, options), options)),
    async getMany(names, options = {}) {
      const values = valuesOf(options);
      const readOne = (name: ParameterName) =>
        observed(observe, "parameter", values.read(referenceTo(name), options, MANY_TURNS_MS));
      return new Map(
        await Promise.all(
          names.map(async (name) => [name, await orProblem(readOne(name))] as const),
        ),
      );
    },
    tree: (path, options) => observed(observe, "parameter_tree", trees.read(path, options)),
    list: (options = {}) => observed(observe, "parameter_list", list.read(options)),
    waitForChange: (name, seen, options) => changes.wait(name, seen, options),
    close() {
      changes.close();
      budgets.values.close();
      budgets.lists.close();
    },
  };
}

/** Asks SSM itself, past the cache, in the turns of those who wait. */
function readerOf(options: Pick<ValuesOptions, "calls" | "perSecond" | "now">): ReadNow {
  const batcher = (decrypt: boolean) => batcherOf({ ...options, topUp: () => {} }, "wait", decrypt);
  const [decrypted, encrypted] = [batcher(true), batcher(false)];
  return async (names, decrypt) => {
    const { turnMs } = CLASSES.wait;
    const asked = names.map(async (name) => {
      const read = (decrypt ? decrypted : encrypted).ask(referenceTo(name), "", turnMs);
      return [name, await orProblem(read)] as const;
    });
    return new Map(await Promise.all(asked));
  };
}

async function orProblem<T>(read: Promise<T>): Promise<T | ProblemError> {
  try {
    return await read;
  } catch (problem) {
    if (problem instanceof ProblemError) return problem;
    throw problem;
  }
}

const ownArn = () =>
  new ProblemError(
    "invalid_parameter_name",
    "An ARN names a parameter of another account; one of this account is named without it.",
  );

function sizeOf(value: Parameter | Tree): number {
  if ("parameters" in value) {
    const failed = value.failed.length * ENTRY_BYTES;
    return value.parameters.reduce((sum, one) => sum + sizeOf(one), ENTRY_BYTES + failed);
  }
  return Buffer.byteLength(value.value) + value.name.length + ENTRY_BYTES;
}
