// ListObjectVersions: every version and delete marker, key by key, the newest of each first.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html

import { queryValue, type WireAnswer } from "../wire.ts";
import type { Call } from "../world.ts";
import { type XmlContent, xmlDocument } from "../xml.ts";
import { type Bucket, byBytes, isDeleted, type Version } from "./bucket-store.ts";
import { invalidArgument } from "./s3-errors.ts";
import { bucketOf, keyEncoder, queryNumber, S3_NAMESPACE, s3Xml } from "./s3-input.ts";

const MAX_KEYS = 1000;

interface Listed {
  readonly key: string;
  readonly version: Version;
  readonly isLatest: boolean;
}

export function listObjectVersions(call: Call): WireAnswer {
  const { request, world } = call;
  const bucket = bucketOf(call);
  const asked = queryNumber(request, "max-keys", { otherwise: MAX_KEYS, min: 0, max: 2 ** 31 - 1 });
  const maxKeys = Math.min(asked, MAX_KEYS);
  const encode = keyEncoder(request);
  const prefix = queryValue(request, "prefix") ?? "";
  const keyMarker = queryValue(request, "key-marker") ?? "";
  const versionMarker = queryValue(request, "version-id-marker");
  if (versionMarker !== undefined && keyMarker === "") {
    throw invalidArgument(
      "A version-id marker cannot be specified without a key marker.",
      "version-id-marker",
      versionMarker,
    );
  }
  const all = world.buckets
    .keys(bucket)
    .filter((key) => key.startsWith(prefix))
    .flatMap((key) => versionsOf(bucket, key));
  const following = all.slice(indexAfter(all, keyMarker, versionMarker));
  const page = following.slice(0, maxKeys);
  const last = following.length > page.length ? page.at(-1) : undefined;
  const entries = (wanted: (one: Listed) => boolean) =>
    page.filter(wanted).map((one) => entryOf(one, encode));
  return s3Xml(
    xmlDocument(
      "ListVersionsResult",
      {
        Name: bucket.name,
        Prefix: encode(prefix),
        KeyMarker: encode(keyMarker),
        VersionIdMarker: versionMarker,
        MaxKeys: maxKeys,
        EncodingType: queryValue(request, "encoding-type"),
        IsTruncated: last !== undefined,
        NextKeyMarker: last && encode(last.key),
        NextVersionIdMarker: last?.version.versionId,
        Version: entries(({ version }) => !isDeleted(version)),
        DeleteMarker: entries(({ version }) => isDeleted(version)),
      },
      S3_NAMESPACE,
    ),
  );
}

const versionsOf = (bucket: Bucket, key: string): Listed[] =>
  (bucket.versions.get(key) ?? []).map((version, index) => ({
    key,
    version,
    isLatest: index === 0,
  }));

function indexAfter(all: readonly Listed[], key: string, versionId: string | undefined): number {
  if (key === "") return 0;
  const marked = all.findIndex((one) => one.key === key && one.version.versionId === versionId);
  if (versionId !== undefined && marked >= 0) return marked + 1;
  const next = all.findIndex((one) => byBytes(one.key, key) > 0);
  return next < 0 ? all.length : next;
}

function entryOf({ key, version, isLatest }: Listed, encode: (text: string) => string): XmlContent {
  const common = {
    Key: encode(key),
    VersionId: version.versionId,
    IsLatest: isLatest,
    LastModified: new Date(version.lastModifiedMs).toISOString(),
  };
  if (isDeleted(version)) return common;
  const { etag, body, custody } = version;
  return { ...common, ETag: etag, Size: body.length, StorageClass: custody.storageClass };
}
