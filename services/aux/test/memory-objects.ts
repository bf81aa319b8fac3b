/** Buckets in memory behind the interface of the S3 store, with pages as short and as empty as S3 may make them. */
import { Readable } from "node:stream";
import { type Aws, awsProblem, type ObjectPage, type ObjectPageQuery } from "@airlock/aws";
import type { StoredObject } from "@airlock/contract";

export interface MemoryObjects {
  readonly aws: Aws;
  /** What there is from now on: keys by bucket. */
  fill(buckets: ReadonlyMap<string, readonly string[]>): void;
  has(bucket: string, key: string): boolean;
  /** Pages that were asked for so far. */
  readonly pages: number;
}

const SINCE = "2026-01-01T00:00:00.000Z";

/**
 * @param sizes of pages, in turn; 0 for an empty one, which is never the last.
 * @param isWholeBehind whether a place within a prefix that is rolled up is behind all of it: stores
 * of S3's kind differ in that.
 */
export function memoryObjects(sizes: readonly number[], isWholeBehind = true): MemoryObjects {
  let stored: ReadonlyMap<string, readonly string[]> = new Map();
  let pages = 0;
  const keysOf = (bucket: string) => {
    const keys = stored.get(bucket);
    if (!keys) throw awsProblem("bucket_not_found");
    return keys;
  };
  const objects: Aws["objects"] = {
    async list(bucket, query) {
      const size = sizes[pages++ % sizes.length] ?? 1;
      return pageOf(keysOf(bucket), query, size, isWholeBehind);
    },
    async open(method, bucket, key, _conditions, { version = "null" } = {}) {
      if (!keysOf(bucket).includes(key) || version !== "null") throw awsProblem("object_not_found");
      const body = method === "GET" ? Readable.from([`body of ${key}`]) : null;
      return { status: 200, headers: { "x-amz-version-id": version }, body };
    },
    async versions(bucket, key) {
      if (!keysOf(bucket).includes(key)) return { versions: [] };
      const version = { version: "null", latest: true, deleted: false, last_modified: SINCE };
      return { versions: [version] };
    },
    async presign(bucket, key) {
      return { url: `http://s3.example.com/${bucket}/${key}`, expiresAt: new Date(SINCE) };
    },
  };
  const list = async () => {
    const value = [...stored.keys()].sort().map((name) => ({ name, creation_date: SINCE }));
    return { value, cache: "hit" as const, ageSeconds: 3 };
  };
  const session = { isValid: () => true } as Aws["session"];
  return {
    aws: { objects, buckets: { list }, session } as unknown as Aws,
    fill(buckets) {
      stored = buckets;
    },
    has: (bucket, key) => stored.get(bucket)?.includes(key) ?? false,
    get pages() {
      return pages;
    },
  };
}

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

function pageOf(
  keys: readonly string[],
  { prefix, delimiter, startAfter = "", token }: ObjectPageQuery,
  size: number,
  isWholeBehind: boolean,
): ObjectPage {
  const after = token === undefined ? startAfter : token.slice(1);
  const groupOf = (key: string) => {
    const at = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
    return at < 0 ? undefined : key.slice(0, at + 1);
  };
  const following = keys
    .filter((key) => key.startsWith(prefix) && byBytes(key, after) > 0)
    .filter((key) => {
      const group = groupOf(key);
      const isBehind = isWholeBehind || token !== undefined || after === group;
      return group === undefined || group !== groupOf(after) || !isBehind;
    })
    .sort(byBytes);
  const names = [...new Set(following.map((key) => groupOf(key) ?? key))];
  const page = names.slice(0, size);
  const isLast = page.length === names.length;
  const last = page.at(-1) ?? after;
  return {
    objects: page.filter((name) => groupOf(name) === undefined).map(objectOf),
    prefixes: page.filter((name) => groupOf(name) !== undefined),
    nextToken: isLast ? undefined : `t${last}`,
  };
}

const objectOf = (key: string): StoredObject => ({
  key,
  size: key.length,
  etag: `"${key}"`,
  last_modified: SINCE,
});
