/** S3: the versions of one object, page by page, the newest first. */
import type { ObjectVersion } from "@airlock/contract";
import {
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
} from "@aws-sdk/client-s3";
import type { RegionalS3 } from "../bucket-regions.ts";
import type { AwsCaller } from "../caller.ts";
import { CLASSES, sendOptions } from "../classes.ts";
import { UnusableAnswerError } from "../errors.ts";
import type { CallOptions } from "../reads.ts";
import { decoderOf } from "./list.ts";

export interface VersionsQuery {
  /** Most versions on the page, 1 to 1000. */
  readonly limit: number;
  /** The version after which the page begins. */
  readonly after?: string | undefined;
}

export interface VersionsPage {
  readonly versions: ObjectVersion[];
  /** What the next page begins after; undefined on the last page. */
  readonly next?: string | undefined;
}

/** One page; of a key that nobody has, an empty one. @throws ProblemError */
export type ListVersions = (
  bucket: string,
  key: string,
  query: VersionsQuery,
  options?: CallOptions,
) => Promise<VersionsPage>;

/**
 * S3 lists the versions of all keys that begin so, those of the key itself first. What follows them
 * is never looked at, and does not show: not even by a cursor that leads to nothing.
 */
export function createVersionLister(s3: RegionalS3, call: AwsCaller): ListVersions {
  return (bucket, key, { limit, after }, options = {}) =>
    call("s3.ListObjectVersions", CLASSES.list, { ...options, bucket }, async (abortSignal) => {
      const versions: ObjectVersion[] = [];
      let last = after;
      for (;;) {
        const isFull = versions.length === limit;
        const command = new ListObjectVersionsCommand({
          Bucket: bucket,
          Prefix: key,
          MaxKeys: isFull ? 1 : limit - versions.length,
          EncodingType: "url",
          ...(last !== undefined && { KeyMarker: key, VersionIdMarker: last }),
        });
        const page = pageOf(await s3.send(command, sendOptions(CLASSES.list, abortSignal)), key);
        if (isFull && page.versions.length > 0) return { versions, next: last };
        versions.push(...page.versions);
        if (page.next === undefined) return { versions };
        last = page.next;
      }
    });
}

/**
 * Whether S3's list says that there is no such version; false where the list says nothing, or has no end here.
 * For servers that break over a version that they cannot read, as Swift does.
 */
export async function isUnlisted(
  s3: RegionalS3,
  bucket: string,
  key: string,
  version: string,
  abortSignal: AbortSignal,
): Promise<boolean> {
  const command = new ListObjectVersionsCommand({
    Bucket: bucket,
    Prefix: key,
    EncodingType: "url",
  });
  try {
    const page = pageOf(await s3.send(command, sendOptions(CLASSES.stream, abortSignal)), key);
    return page.next === undefined && !page.versions.some((one) => one.version === version);
  } catch {
    return false; // what was asked first failed for a reason of its own
  }
}

/** What the page has of the key; `next` where more of it may follow. @throws UnusableAnswerError */
function pageOf(page: ListObjectVersionsCommandOutput, key: string): VersionsPage {
  const { IsTruncated, NextKeyMarker, NextVersionIdMarker } = page;
  if (IsTruncated === undefined) throw new UnusableAnswerError("IsTruncated");
  if (IsTruncated && !(NextKeyMarker && NextVersionIdMarker)) {
    throw new UnusableAnswerError("markers");
  }
  const decode = decoderOf(page);
  const versions: ObjectVersion[] = [];
  const marks = (page.DeleteMarkers ?? []).map((mark) => ({
    ...mark,
    Size: undefined,
    ETag: undefined,
    StorageClass: undefined,
  }));
  for (const one of [...marks, ...(page.Versions ?? [])]) {
    const { Key, VersionId, IsLatest, LastModified, Size, ETag, StorageClass } = one;
    if (!Key || !VersionId || !LastModified) throw new UnusableAnswerError("a part of a version");
    if (decode(Key) !== key) continue;
    versions.push({
      version: VersionId,
      latest: IsLatest ?? false,
      deleted: ETag === undefined,
      last_modified: LastModified.toISOString(),
      ...(Size !== undefined && { size: Size }),
      ...(ETag !== undefined && { etag: ETag }),
      ...(StorageClass !== undefined && { storage_class: StorageClass }),
    });
  }
  versions.sort(newestFirst);
  const isWithin = IsTruncated && decode(NextKeyMarker ?? "") === key;
  return { versions, next: isWithin ? NextVersionIdMarker : undefined };
}

/** The marks of deletions come apart from the rest; within one second they follow what they delete. */
function newestFirst(a: ObjectVersion, b: ObjectVersion): number {
  if (a.latest !== b.latest) return a.latest ? -1 : 1;
  if (a.last_modified === b.last_modified) return 0;
  return a.last_modified > b.last_modified ? -1 : 1;
}
