/** S3: what is in a bucket, page by page. */
import type { StoredObject } from "@airlock/contract";
import {
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
} from "@aws-sdk/client-s3";
import type { RegionalS3 } from "../bucket-regions.ts";
import type { AwsCaller } from "../caller.ts";
import { CLASSES, sendOptions } from "../classes.ts";
import { UnusableAnswerError } from "../errors.ts";
import type { CallOptions } from "../reads.ts";

/** Pages are asked for at full size, however few items are wanted: a size would tell what it was chosen by. */
const PAGE_SIZE = 1000;

export interface ObjectPageQuery {
  readonly prefix: string;
  /** Keys that hold it after the prefix are rolled up into `prefixes`. */
  readonly delimiter?: "/" | undefined;
  /** Keys up to this one are left out; a prefix that keys after it are rolled up into is not. */
  readonly startAfter?: string | undefined;
  /** `nextToken` of the page before, the rest unchanged. */
  readonly token?: string | undefined;
}

/** It may hold fewer items than a full one, even none, and not be the last. */
export interface ObjectPage {
  readonly objects: StoredObject[];
  readonly prefixes: string[];
  /** Undefined on the last page. */
  readonly nextToken?: string | undefined;
}

export type ListObjects = (
  bucket: string,
  query: ObjectPageQuery,
  options?: CallOptions,
) => Promise<ObjectPage>;

export function createObjectLister(s3: RegionalS3, call: AwsCaller): ListObjects {
  return (bucket, { prefix, delimiter, startAfter, token }, options = {}) => {
    const input: ListObjectsV2CommandInput = {
      Bucket: bucket,
      Prefix: prefix,
      Delimiter: delimiter,
      StartAfter: startAfter,
      MaxKeys: PAGE_SIZE,
      ContinuationToken: token,
      EncodingType: "url", // XML has no way to write most control characters, which keys may hold
    };
    return call("s3.ListObjectsV2", CLASSES.list, { ...options, bucket }, async (abortSignal) => {
      return pageOf(
        await s3.send(new ListObjectsV2Command(input), sendOptions(CLASSES.list, abortSignal)),
      );
    });
  };
}

/** @throws UnusableAnswerError: of an answer without a body the SDK makes a list without objects. */
function pageOf(page: ListObjectsV2CommandOutput): ObjectPage {
  const decode = decoderOf(page);
  const { IsTruncated, NextContinuationToken } = page;
  if (IsTruncated === undefined) throw new UnusableAnswerError("IsTruncated");
  if (IsTruncated && !NextContinuationToken) throw new UnusableAnswerError("NextContinuationToken");
  const objects: StoredObject[] = [];
  for (const { Key, Size, ETag, LastModified, StorageClass } of page.Contents ?? []) {
    if (!Key || !ETag || !LastModified) throw new UnusableAnswerError("a part of an object");
    objects.push({
      key: decode(Key),
      size: Size ?? 0,
      etag: ETag,
      last_modified: LastModified.toISOString(),
      ...(StorageClass !== undefined && { storage_class: StorageClass }),
    });
  }
  const prefixes = (page.CommonPrefixes ?? []).map(({ Prefix }) => {
    if (!Prefix) throw new UnusableAnswerError("a prefix");
    return decode(Prefix);
  });
  return { objects, prefixes, nextToken: NextContinuationToken };
}

/**
 * How keys are written in a page: percent-encoded, as was asked for, where it says so; S3 then has a space
 * as `+`, and a plus as `%2B`.
 */
export const decoderOf = ({ EncodingType }: { readonly EncodingType?: string | undefined }) =>
  EncodingType === "url"
    ? (encoded: string) => decodeURIComponent(encoded.replaceAll("+", " "))
    : (key: string) => key;
