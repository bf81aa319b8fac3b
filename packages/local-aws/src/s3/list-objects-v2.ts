// ListObjectsV2: the keys of a bucket in pages, with prefixes rolled up at a delimiter.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html

import { pageToken, positionOf } from "../page-token.ts";
import { queryValue, type WireAnswer } from "../wire.ts";
import type { Call } from "../world.ts";
import { xmlDocument } from "../xml.ts";
import { type Bucket, byBytes } from "./bucket-store.ts";
import { invalidArgument } from "./s3-errors.ts";
import { bucketOf, queryNumber, S3_NAMESPACE, s3Xml } from "./s3-input.ts";

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
  const encodingType = queryValue(request, "encoding-type");
  if (encodingType !== undefined && encodingType !== "url") {
    throw invalidArgument(
      "Invalid Encoding Method specified in Request",
      "encoding-type",
      encodingType,
    );
  }
  const encode = encodingType === "url" ? urlEncode : (text: string) => text;
  const token = queryValue(request, "continuation-token");
  const after = token === undefined ? "" : positionOf("objects", token);
  if (after === undefined) {
    throw invalidArgument(
      "The continuation token provided is incorrect",
      "continuation-token",
      token ?? "",
    );
  }
  const prefix = queryValue(request, "prefix") ?? "";
  const delimiter = queryValue(request, "delimiter") ?? "";
  const startAfter = queryValue(request, "start-after") ?? "";
  const isEmptied =
    token === undefined && world.faults.strike(["emptyPage"], "s3", "ListObjectsV2").length > 0;
  const listing = isEmptied
    ? { keys: [], commonPrefixes: [], more: "" }
    : listPage(world.buckets.keys(bucket), {
        prefix,
        delimiter,
        after,
        startAfter,
        maxKeys: Math.min(maxKeys, MAX_KEYS),
      });
  return s3Xml(
    xmlDocument(
      "ListBucketResult",
      {
        Name: bucket.name,
        Prefix: encode(prefix),
        Delimiter: delimiter === "" ? undefined : encode(delimiter),
        MaxKeys: Math.min(maxKeys, MAX_KEYS),
        EncodingType: encodingType,
        KeyCount: listing.keys.length + listing.commonPrefixes.length,
        IsTruncated: listing.more !== undefined,
        ContinuationToken: token,
        NextContinuationToken:
          listing.more === undefined ? undefined : pageToken("objects", listing.more),
        StartAfter: startAfter === "" ? undefined : encode(startAfter),
        Contents: listing.keys.map((key) => contentOf(bucket, key, encode)),
        CommonPrefixes: listing.commonPrefixes.map((one) => ({ Prefix: encode(one) })),
      },
      S3_NAMESPACE,
    ),
  );
}

function listPage(sorted: readonly string[], wanted: Wanted): Listing {
  const keys: string[] = [];
  const commonPrefixes: string[] = [];
  let last: string | undefined;
  // A common prefix always ends in the delimiter and is longer than the prefix asked for; a key never is both.
  const isAfterGroup =
    wanted.delimiter !== "" &&
    wanted.after.length > wanted.prefix.length &&
    wanted.after.endsWith(wanted.delimiter);
  for (const key of keysAfter(sorted, wanted)) {
    if (!key.startsWith(wanted.prefix)) continue;
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

function keysAfter(sorted: readonly string[], { after, startAfter }: Wanted): readonly string[] {
  const floor = byBytes(after, startAfter) > 0 ? after : startAfter;
  if (floor === "") return sorted;
  const first = sorted.findIndex((key) => byBytes(key, floor) > 0);
  return first < 0 ? [] : sorted.slice(first);
}

/** The common prefix a key is rolled up into, if any. */
function groupOf(key: string, { prefix, delimiter }: Wanted): string | undefined {
  if (delimiter === "") return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

function contentOf(bucket: Bucket, key: string, encode: (text: string) => string) {
  const object = bucket.objects.get(key);
  return {
    Key: encode(key),
    LastModified: new Date(object?.lastModifiedMs ?? 0).toISOString(),
    ETag: object?.etag,
    ChecksumAlgorithm: "CRC32",
    ChecksumType: "FULL_OBJECT",
    Size: object?.body.length,
    StorageClass: "STANDARD",
  };
}

/** As S3 encodes keys: a space becomes a plus, a slash and an asterisk stay. */
function urlEncode(text: string): string {
  return encodeURIComponent(text)
    .replaceAll("%20", "+")
    .replaceAll("%2F", "/")
    .replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
