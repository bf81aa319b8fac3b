// ListObjectsV2: the keys of a bucket in pages, with prefixes rolled up at a delimiter.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html

import { shortPageSize } from "../page-sizes.ts";
import { pageToken, positionOf } from "../page-token.ts";
import { queryValue, type WireAnswer } from "../wire.ts";
import type { Call } from "../world.ts";
import { xmlDocument } from "../xml.ts";
import { type Bucket, byBytes, currentOf } from "./bucket-store.ts";
import { invalidArgument } from "./s3-errors.ts";
import { bucketOf, keyEncoder, queryNumber, S3_NAMESPACE, s3Xml } from "./s3-input.ts";

const MAX_KEYS = 1000;

interface Listing {
  readonly keys: readonly string[];
  readonly commonPrefixes: readonly string[];
  /** The last key or common prefix of the page, where more follows. */
  readonly more: string | undefined;
}

interface Wanted {
  readonly prefix: string;
  readonly delimiter: string;
  /** Keys up to and including this one are left out, and those under it where it is a common prefix. */
  readonly after: string;
  readonly startAfter: string;
  readonly maxKeys: number;
}

export function listObjectsV2(call: Call): WireAnswer {
  const { request, world } = call;
  const bucket = bucketOf(call);
  const maxKeys = queryNumber(request, "max-keys", { otherwise: 1000, min: 0, max: 2_147_483_647 });
  const encode = keyEncoder(request);
  const token = queryValue(request, "continuation-token");
  const { turn, after } = placeOf(token);
  const prefix = queryValue(request, "prefix") ?? "";
  const delimiter = queryValue(request, "delimiter") ?? "";
  const startAfter = queryValue(request, "start-after") ?? "";
  const size = Math.min(maxKeys, MAX_KEYS);
  const { faults } = world;
  const isEmptied = turn === 0 && faults.strike(["emptyPage"], "s3", "ListObjectsV2").length > 0;
  const isShort = faults.strike(["shortPages"], "s3", "ListObjectsV2").length > 0;
  const limit = isEmptied ? 0 : isShort ? shortPageSize(turn, size) : size;
  const listing =
    limit === 0 && size > 0
      ? { keys: [], commonPrefixes: [], more: after }
      : listPage(bucket, world.buckets.keys(bucket), {
          prefix,
          delimiter,
          after,
          startAfter,
          maxKeys: limit,
        });
  return s3Xml(
    xmlDocument(
      "ListBucketResult",
      {
        Name: bucket.name,
        Prefix: encode(prefix),
        Delimiter: delimiter === "" ? undefined : encode(delimiter),
        MaxKeys: Math.min(maxKeys, MAX_KEYS),
        EncodingType: queryValue(request, "encoding-type"),
        KeyCount: listing.keys.length + listing.commonPrefixes.length,
        IsTruncated: listing.more !== undefined,
        ContinuationToken: token,
        NextContinuationToken:
          listing.more === undefined
            ? undefined
            : pageToken("objects", `${turn + 1} ${listing.more}`),
        StartAfter: startAfter === "" ? undefined : encode(startAfter),
        Contents: listing.keys.map((key) => contentOf(bucket, key, encode)),
        CommonPrefixes: listing.commonPrefixes.map((one) => ({ Prefix: encode(one) })),
      },
      S3_NAMESPACE,
    ),
  );
}

function placeOf(token: string | undefined): { turn: number; after: string } {
  if (token === undefined) return { turn: 0, after: "" };
  const position = positionOf("objects", token) ?? "";
  const space = position.indexOf(" ");
  if (space < 0) {
    const message = "The continuation token provided is incorrect";
    throw invalidArgument(message, "continuation-token", token);
  }
  return { turn: Number(position.slice(0, space)), after: position.slice(space + 1) };
}

function listPage(bucket: Bucket, sorted: readonly string[], wanted: Wanted): Listing {
  const keys: string[] = [];
  const commonPrefixes: string[] = [];
  let last: string | undefined;
  // A common prefix always ends in the delimiter and is longer than the prefix asked for; a key never is both.
  const isAfterGroup =
    wanted.delimiter !== "" &&
    wanted.after.length > wanted.prefix.length &&
    wanted.after.endsWith(wanted.delimiter);
  for (let at = firstAfter(sorted, wanted); at < sorted.length; at++) {
    const key = sorted[at] ?? "";
    if (!key.startsWith(wanted.prefix)) {
      if (byBytes(key, wanted.prefix) > 0) break;
      continue;
    }
    if (currentOf(bucket, key) === undefined) continue;
    if (isAfterGroup && key.startsWith(wanted.after)) continue;
    const group = groupOf(key, wanted);
    if (group !== undefined && group === commonPrefixes.at(-1)) continue;
    if (keys.length + commonPrefixes.length >= wanted.maxKeys) {
      // Asking for no keys at all is answered as a complete listing.
      return { keys, commonPrefixes, more: last };
    }
    if (group === undefined) keys.push(key);
    else commonPrefixes.push(group);
    last = group ?? key;
  }
  return { keys, commonPrefixes, more: undefined };
}

/** Index of the first key that may be on the page; lists may be long. */
function firstAfter(sorted: readonly string[], { after, startAfter, prefix }: Wanted): number {
  const floor = byBytes(after, startAfter) > 0 ? after : startAfter;
  const isIncluded = byBytes(prefix, floor) > 0;
  const least = isIncluded ? prefix : floor;
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const order = byBytes(sorted[middle] ?? "", least);
    if (order < 0 || (order === 0 && !isIncluded)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The common prefix a key is rolled up into, if any. */
function groupOf(key: string, { prefix, delimiter }: Wanted): string | undefined {
  if (delimiter === "") return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

function contentOf(bucket: Bucket, key: string, encode: (text: string) => string) {
  const object = currentOf(bucket, key);
  return {
    Key: encode(key),
    LastModified: new Date(object?.lastModifiedMs ?? 0).toISOString(),
    ETag: object?.etag,
    ChecksumAlgorithm: "CRC32",
    ChecksumType: "FULL_OBJECT",
    Size: object?.body.length,
    StorageClass: object?.custody.storageClass,
  };
}
