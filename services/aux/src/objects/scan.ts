/**
 * Looks through a bucket for what a caller may see. What the caller may not see costs as little as may
 * be: places where nothing could be allowed are passed over, and prefixes below which nothing could be.
 */
import type { ObjectPage, ObjectPageQuery } from "@airlock/aws";
import type { StoredObject } from "@airlock/contract";
import type { KeyRoot, Keys } from "../policy/reach.ts";
import { before, behindAll, compareKeys } from "./key-order.ts";

/** A bucket as one caller may see it. */
export interface SeenBucket {
  readonly keys: Keys;
  mayList(key: string): boolean;
  page(query: ObjectPageQuery): Promise<ObjectPage>;
  /** Told of each key or prefix that S3 lists and the caller does not see. */
  onHidden(): void;
}

export interface Scope {
  readonly prefix: string;
  /** Rolls up what follows the next slash. */
  readonly delimiter?: "/" | undefined;
  /** The entry behind which to begin; the empty string for the first one. */
  readonly after: string;
}

export interface Entry {
  /** The key of an object, or a prefix that keys are rolled up into. */
  readonly name: string;
  /** Undefined for a prefix. */
  readonly object?: StoredObject | undefined;
  /** Whether S3 has more behind it, seen or not. */
  readonly hasMore: boolean;
}

/** Prefixes that are looked into at the same time. */
const WIDTH = 4;

/**
 * What the caller may see, in S3's order. A prefix is shown if an object below it may be seen: what
 * else is there must not show.
 */
export async function* scan(bucket: SeenBucket, scope: Scope): AsyncGenerator<Entry> {
  const walk = { bucket, scope, roots: rootsOf(bucket, scope.prefix) };
  for (let query = firstQuery(walk); query !== undefined; ) {
    const page = await bucket.page(query);
    const entries = entriesOf(page);
    const following = entries.filter(({ name }) => compareKeys(name, scope.after) > 0);
    for await (const [entry, isSeen] of inTurn(following, (one) => isVisible(bucket, one))) {
      if (isSeen) yield entry;
      else bucket.onHidden();
    }
    query = nextQuery(walk, query, page.nextToken, entries.at(-1));
  }
}

function entriesOf({ objects, prefixes, nextToken }: ObjectPage): Entry[] {
  const entries = [
    ...objects.map((object) => ({ name: object.key, object })),
    ...prefixes.map((name) => ({ name, object: undefined })),
  ].sort((a, b) => compareKeys(a.name, b.name));
  const last = nextToken === undefined ? entries.length - 1 : entries.length;
  return entries.map((entry, index) => ({ ...entry, hasMore: index < last }));
}

async function isVisible(bucket: SeenBucket, { name, object }: Entry): Promise<boolean> {
  if (object) return bucket.mayList(name);
  if (bucket.keys.covers(name)) return true;
  const below = scan({ ...bucket, onHidden: () => {} }, { prefix: name, after: "" });
  const { done } = await below.next();
  await below.return(undefined);
  return !done;
}

/** Each with what `work` says of it, in order; a few are worked on ahead. */
async function* inTurn<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): AsyncGenerator<readonly [T, R]> {
  const ahead: Promise<readonly [T, R]>[] = [];
  for (const item of items) {
    const result = work(item).then((said) => [item, said] as const);
    result.catch(() => {}); // thrown when its turn comes
    ahead.push(result);
    if (ahead.length === WIDTH) yield* ahead.splice(0, 1);
  }
  yield* ahead;
}

interface Walk {
  readonly bucket: SeenBucket;
  readonly scope: Scope;
  /** In S3's order. */
  readonly roots: readonly KeyRoot[];
}

const rootsOf = ({ keys }: SeenBucket, prefix: string): KeyRoot[] =>
  keys.reach(prefix).toSorted((a, b) => compareKeys(a.prefix, b.prefix));

/** Undefined where nothing can be seen. */
function firstQuery({ scope, roots }: Walk): ObjectPageQuery | undefined {
  const { prefix, delimiter, after } = scope;
  const place = behind(after, scope);
  const root = rootFrom(roots, place);
  if (!root) return undefined;
  const startAfter = place.startsWith(root.prefix) ? place : beginningOf(root, scope);
  return { prefix, delimiter, ...(compareKeys(startAfter, prefix) > 0 && { startAfter }) };
}

/** Where to go on after a page; undefined where nothing more can be seen. */
function nextQuery(
  { bucket, scope, roots }: Walk,
  query: ObjectPageQuery,
  token: string | undefined,
  last: Entry | undefined,
): ObjectPageQuery | undefined {
  if (token === undefined) return undefined;
  const onwards = { ...query, token };
  if (last === undefined) return onwards;
  const barred = last.object && barredPrefix(bucket, scope, last.name);
  const place = behind(barred ?? last.name, scope, barred !== undefined);
  const root = rootFrom(roots, place);
  if (!root) return undefined;
  const isWithin = place.startsWith(root.prefix);
  if (isWithin && barred === undefined) return onwards;
  const startAfter = isWithin ? place : beginningOf(root, scope);
  const { prefix, delimiter } = scope;
  return compareKeys(startAfter, last.name) > 0 ? { prefix, delimiter, startAfter } : onwards;
}

/** The place behind an entry and all that it stands for. */
const behind = (name: string, { prefix, delimiter }: Scope, isPrefix = false): string =>
  isPrefix || (delimiter && name.includes(delimiter, prefix.length)) ? behindAll(name) : name;

/** The first root that holds keys behind the place. */
const rootFrom = (roots: readonly KeyRoot[], place: string): KeyRoot | undefined =>
  roots.find(
    ({ prefix, isKey }) => compareKeys(prefix, place) > 0 || (!isKey && place.startsWith(prefix)),
  );

/** Right before the root, or before the prefix that it is rolled up into: stores differ on places within. */
function beginningOf({ prefix: root }: KeyRoot, { prefix, delimiter }: Scope): string {
  const end = delimiter ? root.indexOf(delimiter, prefix.length) : -1;
  return before(end < 0 ? root : root.slice(0, end + 1));
}

/** The shortest part of a key, up to a slash, below which nothing could be allowed. */
function barredPrefix({ keys }: SeenBucket, { prefix }: Scope, key: string): string | undefined {
  for (let at = key.indexOf("/", prefix.length); at >= 0; at = key.indexOf("/", at + 1)) {
    const part = key.slice(0, at + 1);
    if (keys.reach(part).length === 0) return part;
  }
  return undefined;
}
