// Conditional reads: whether an object is sent, has not changed (304), or fails a precondition (412).
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html#API_GetObject_RequestSyntax and RFC 9110 §13

import type { StoredObject } from "./bucket-store.ts";
import { noSuchKey, notImplemented, preconditionFailed } from "./s3-errors.ts";

/** Whether a list names this ETag, in any of its items as `read`; quotes may be left out. */
function names(list: string, etag: string, read = (item: string) => item): boolean {
  return list.split(",").some((item) => {
    const bare = read(item.trim()).replaceAll('"', "");
    return bare === "*" || bare === etag.replaceAll('"', "");
  });
}

/** If-Match: a weak tag names nothing. */
const namesStrongly = (list: string, etag: string) => names(list, etag);
/** If-None-Match: a weak tag names what the strong one does. */
const namesWeakly = (list: string, etag: string) =>
  names(list, etag, (item) => item.replace(/^W\//, ""));

/** Throws PreconditionFailed; "unchanged" asks for a 304. A date that cannot be read is no condition. */
export function readCondition(
  headers: Readonly<Record<string, string>>,
  object: StoredObject,
): "send" | "unchanged" {
  const ifMatch = headers["if-match"];
  const ifNoneMatch = headers["if-none-match"];
  if (ifMatch !== undefined) {
    if (!namesStrongly(ifMatch, object.etag)) throw preconditionFailed("If-Match");
  } else {
    const unmodifiedSince = Date.parse(headers["if-unmodified-since"] ?? "");
    if (object.lastModifiedMs > unmodifiedSince) throw preconditionFailed("If-Unmodified-Since");
  }
  if (ifNoneMatch !== undefined)
    return namesWeakly(ifNoneMatch, object.etag) ? "unchanged" : "send";
  const modifiedSince = Date.parse(headers["if-modified-since"] ?? "");
  return object.lastModifiedMs <= modifiedSince ? "unchanged" : "send";
}

/**
 * The condition of a conditional write: an ETag that is there, or nothing at all. Throws PreconditionFailed,
 * NoSuchKey where nothing is there to match, and NotImplemented for If-None-Match with anything but `*`.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function checkWriteCondition(
  headers: Readonly<Record<string, string>>,
  key: string,
  present: StoredObject | undefined,
): void {
  const ifMatch = headers["if-match"];
  const ifNoneMatch = headers["if-none-match"];
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== "*")
    throw notImplemented("If-None-Match");
  if (ifNoneMatch !== undefined && present !== undefined) throw preconditionFailed("If-None-Match");
  if (ifMatch === undefined) return;
  if (present === undefined) throw noSuchKey(key);
  if (!namesStrongly(ifMatch, present.etag)) throw preconditionFailed("If-Match");
}
