/** The bucket and the key in a request's path, read from the bytes on the wire. */
import type { IncomingMessage } from "node:http";
import { isBucketName, isObjectKey, MAX_KEY_BYTES, ProblemError } from "@airlock/contract";
import { restOfPath } from "./raw-path.ts";

export interface ObjectPath {
  readonly bucket: string;
  readonly key: string;
}

/**
 * What `/{prefix}/{bucket}/{key}` names. The key is everything after the slash that ends the bucket,
 * each percent-triplet decoded once and nothing else touched: `+`, `//`, a leading slash and dot
 * segments are part of it. (The HTTP parser has refused bytes that must be encoded.)
 *
 * @throws ProblemError invalid_bucket_name, invalid_object_key; neither repeats the input.
 */
export function objectPathOf(request: { raw: IncomingMessage }, prefix: string): ObjectPath {
  const rest = restOfPath(request.raw, prefix);
  const slash = rest.indexOf("/");
  const bucket = bucketOf(slash < 0 ? rest : rest.slice(0, slash));
  const key = slash < 0 ? undefined : decodeOnce(rest.slice(slash + 1));
  if (key === undefined || !isObjectKey(key)) throw invalidObjectKey();
  return { bucket, key };
}

/**
 * What `/{prefix}/{bucket}` names, with or without a slash behind it.
 *
 * @throws ProblemError invalid_bucket_name
 */
export function bucketPathOf(request: { raw: IncomingMessage }, prefix: string): string {
  const rest = restOfPath(request.raw, prefix);
  return bucketOf(rest.endsWith("/") ? rest.slice(0, -1) : rest);
}

function bucketOf(raw: string): string {
  const bucket = decodeOnce(raw);
  if (bucket !== undefined && isBucketName(bucket)) return bucket;
  throw new ProblemError(
    "invalid_bucket_name",
    "A bucket's name is 3 to 63 lower-case letters, digits, dots and dashes, and no IP address.",
  );
}

function decodeOnce(raw: string): string | undefined {
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined; // not a triplet, or not UTF-8
  }
}

export const invalidObjectKey = (): ProblemError =>
  new ProblemError(
    "invalid_object_key",
    `A key is 1 to ${MAX_KEY_BYTES} bytes of UTF-8, percent-encoded in the path.`,
  );
