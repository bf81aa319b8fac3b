// Conditional reads: whether an object is sent, has not changed (304), or fails a precondition (412).
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html#API_GetObject_RequestSyntax and RFC 9110 §13

import type { StoredObject } from "./bucket-store.ts";
import { preconditionFailed } from "./s3-errors.ts";

/** Whether an If-Match or If-None-Match list names this ETag; quotes may be left out. */
export function namesEtag(list: string, etag: string): boolean {
  return list.split(",").some((item) => {
    const bare = item.trim().replace(/^W\//, "").replaceAll('"', "");
    return bare === "*" || bare === etag.replaceAll('"', "");
  });
}

/** Throws PreconditionFailed; "unchanged" asks for a 304. A date that cannot be read is no condition. */
export function readCondition(
  headers: Readonly<Record<string, string>>,
  object: StoredObject,
): "send" | "unchanged" {
  const ifMatch = headers["if-match"];
  const ifNoneMatch = headers["if-none-match"];
  if (ifMatch !== undefined) {
    if (!namesEtag(ifMatch, object.etag)) throw preconditionFailed("If-Match");
  } else {
    const unmodifiedSince = Date.parse(headers["if-unmodified-since"] ?? "");
    if (object.lastModifiedMs > unmodifiedSince) throw preconditionFailed("If-Unmodified-Since");
  }
  if (ifNoneMatch !== undefined) return namesEtag(ifNoneMatch, object.etag) ? "unchanged" : "send";
  const modifiedSince = Date.parse(headers["if-modified-since"] ?? "");
  return object.lastModifiedMs <= modifiedSince ? "unchanged" : "send";
}

/** The condition of a conditional write. Throws PreconditionFailed. */
export function checkWriteCondition(
  headers: Readonly<Record<string, string>>,
  present: StoredObject | undefined,
): void {
  const ifMatch = headers["if-match"];
  if (ifMatch !== undefined && (present === undefined || !namesEtag(ifMatch, present.etag))) {
    throw preconditionFailed("If-Match");
  }
  const ifNoneMatch = headers["if-none-match"];
  if (ifNoneMatch !== undefined && present !== undefined && namesEtag(ifNoneMatch, present.etag)) {
    throw preconditionFailed("If-None-Match");
  }
}
