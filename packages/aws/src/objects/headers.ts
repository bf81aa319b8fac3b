/** The headers of an object, as a client is told them. */
import type { ObjectHeader } from "@airlock/contract";
import type { HeadObjectCommandOutput } from "@aws-sdk/client-s3";

/** Those that the OpenAPI documents tell of an object, and those of any body. */
type Told = Record<Lowercase<ObjectHeader> | "content-length" | "content-type", string | undefined>;

/** What is passed on of an answer of S3; of `x-amz-*` only what is the object's own. */
export function headersOf(
  found: HeadObjectCommandOutput & { readonly ContentRange?: string | undefined },
): Record<string, string> {
  const metadata = Object.entries(found.Metadata ?? {});
  const told: Told = {
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
  };
  const own = Object.fromEntries(metadata.map(([name, value]) => [`x-amz-meta-${name}`, value]));
  return withoutGaps({ ...told, ...own });
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
