/** The headers of an object: what a client asks under, and what it is told. */
import type { GetObjectCommandInput, HeadObjectCommandOutput } from "@aws-sdk/client-s3";

/** As the client sent them; those that say nothing by RFC 9110 are left out towards S3. */
export interface ObjectConditions {
  readonly range?: string | undefined;
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: string | undefined;
  readonly ifUnmodifiedSince?: string | undefined;
  /** Says something beside a range alone, and to GET alone. */
  readonly ifRange?: string | undefined;
}

type Asked = Pick<
  GetObjectCommandInput,
  "Range" | "IfMatch" | "IfNoneMatch" | "IfModifiedSince" | "IfUnmodifiedSince"
>;

/** A HEAD has no ranges (RFC 9110 §14.2). */
export function askUnder(method: "GET" | "HEAD", conditions: ObjectConditions): Asked {
  return {
    Range: method === "GET" ? oneRange(conditions.range) : undefined,
    IfMatch: asciiOf(conditions.ifMatch),
    IfNoneMatch: asciiOf(conditions.ifNoneMatch),
    IfModifiedSince: httpDate(conditions.ifModifiedSince),
    IfUnmodifiedSince: httpDate(conditions.ifUnmodifiedSince),
  };
}

/** S3 gives one range at a time; a server may ignore Range where it is malformed or has several. */
export function oneRange(range: string | undefined): string | undefined {
  return range && /^bytes=(\d+-\d*|-\d+)$/i.test(range) ? range.toLowerCase() : undefined;
}

/** Signatures go wrong over anything but ASCII; no ETag of S3 holds `?`, so this one matches none. */
const asciiOf = (etags: string | undefined): string | undefined =>
  etags?.replace(/[^\t\x20-\x7e]/g, "?") || undefined;

/** The three forms of RFC 9110 §5.6.7; anything else is no condition at all. */
export function httpDate(text: string | undefined): Date | undefined {
  if (!text || !/^(Mon|Tues?|Wed(nes)?|Thu(rs)?|Fri|Sat(ur)?|Sun)(day)?[ ,]/.test(text)) return;
  const date = new Date(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** What is passed on of an answer of S3; of `x-amz-*` only what is the object's own. */
export function headersOf(
  found: HeadObjectCommandOutput & { readonly ContentRange?: string | undefined },
): Record<string, string> {
  const metadata = Object.entries(found.Metadata ?? {});
  const all = {
    "accept-ranges": "bytes",
    "cache-control": found.CacheControl,
    "content-disposition": found.ContentDisposition,
    "content-encoding": withoutFraming(found.ContentEncoding),
    "content-language": found.ContentLanguage,
    "content-length": found.ContentLength?.toString(),
    "content-range": found.ContentRange,
    "content-type": found.ContentType,
    etag: found.ETag,
    expires: found.ExpiresString,
    "last-modified": found.LastModified?.toUTCString(),
    "x-amz-archive-status": found.ArchiveStatus,
    "x-amz-restore": found.Restore,
    "x-amz-storage-class": found.StorageClass,
    "x-amz-version-id": found.VersionId,
    ...Object.fromEntries(metadata.map(([name, value]) => [`x-amz-meta-${name}`, value])),
  };
  return withoutGaps(all);
}

/** Without the coding in which clients of S3 send bodies: the stored bytes never have it. */
const withoutFraming = (codings: string | undefined): string | undefined =>
  codings
    ?.split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding.toLowerCase() !== "aws-chunked")
    .join(", ");

export function withoutGaps(headers: Record<string, string | undefined>): Record<string, string> {
  const present: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (value) present[name] = value;
  return present;
}
