// Buckets and objects in memory, listed in the order S3 lists them: by the bytes of their UTF-8 names.

import { createHash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Custody } from "./custody.ts";

export interface StoredObject {
  readonly versionId: string;
  readonly body: Buffer;
  /** With its quotes, as it stands in the header. */
  readonly etag: string;
  /** Base64 of the big-endian CRC32. */
  readonly crc32: string;
  readonly lastModifiedMs: number;
  /** Content-Type and its kin, and `x-amz-meta-*`, ready to be sent back. */
  readonly headers: Readonly<Record<string, string>>;
  /** Storage class, archive and the owner's key. */
  readonly custody: Custody;
}

/** Stands for an object that was deleted in a bucket with versions. */
export interface DeleteMarker {
  readonly versionId: string;
  readonly lastModifiedMs: number;
  readonly body?: undefined;
}

export type Version = StoredObject | DeleteMarker;

export const isDeleted = (version: Version): version is DeleteMarker => version.body === undefined;

/** `Off` until it is first switched on, and never again after. */
export type Versioning = "Off" | "Enabled" | "Suspended";

export interface Bucket {
  readonly name: string;
  readonly createdMs: number;
  versioning: Versioning;
  /** By key, the newest first; no key is without a version. */
  readonly versions: Map<string, Version[]>;
  /** Sorted keys; dropped whenever a key comes or goes. */
  sortedKeys: string[] | undefined;
}

/** What is put beside the bytes. */
export interface Put {
  readonly headers: Readonly<Record<string, string>>;
  readonly custody?: Custody;
}

/** The version of everything that was put while there were no versions. */
const NULL_VERSION = "null";

export function crc32Base64(body: Buffer): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString("base64");
}

/** UTF-16 order differs from UTF-8 order above the basic plane, so bytes are compared. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The newest version, unless that says that the object was deleted. */
export function currentOf(bucket: Bucket, key: string): StoredObject | undefined {
  const newest = bucket.versions.get(key)?.[0];
  return newest && !isDeleted(newest) ? newest : undefined;
}

export class BucketStore {
  private readonly buckets = new Map<string, Bucket>();

  find(name: string): Bucket | undefined {
    return this.buckets.get(name);
  }

  create(name: string, nowMs: number): Bucket {
    const bucket: Bucket = {
      name,
      createdMs: nowMs,
      versioning: "Off",
      versions: new Map(),
      sortedKeys: undefined,
    };
    this.buckets.set(name, bucket);
    return bucket;
  }

  /** All buckets by name. */
  list(): Bucket[] {
    return [...this.buckets.values()].sort((a, b) => byBytes(a.name, b.name));
  }

  put(
    bucket: Bucket,
    key: string,
    body: Buffer,
    { headers, custody = { storageClass: "STANDARD" } }: Put,
    nowMs: number,
  ): StoredObject {
    const object: StoredObject = {
      versionId: newVersionId(bucket),
      body,
      etag: `"${createHash("md5").update(body).digest("hex")}"`,
      crc32: crc32Base64(body),
      lastModifiedMs: wholeSeconds(nowMs),
      headers: { "content-type": "binary/octet-stream", ...headers },
      custody,
    };
    this.add(bucket, key, object);
    return object;
  }

  /** Takes the object away, or in a bucket with versions puts a mark on top of them, which it returns. */
  delete(bucket: Bucket, key: string, nowMs: number): DeleteMarker | undefined {
    if (bucket.versioning === "Off") {
      this.replace(bucket, key, []);
      return undefined;
    }
    const mark = { versionId: newVersionId(bucket), lastModifiedMs: wholeSeconds(nowMs) };
    this.add(bucket, key, mark);
    return mark;
  }

  /** Takes one version away for good, whether it is there or not. */
  deleteVersion(bucket: Bucket, key: string, versionId: string): void {
    const left = (bucket.versions.get(key) ?? []).filter((one) => one.versionId !== versionId);
    this.replace(bucket, key, left);
  }

  /** Every key that has a version, deleted or not. */
  keys(bucket: Bucket): readonly string[] {
    bucket.sortedKeys ??= [...bucket.versions.keys()].sort(byBytes);
    return bucket.sortedKeys;
  }

  clear(): void {
    this.buckets.clear();
  }

  private add(bucket: Bucket, key: string, version: Version): void {
    const older = (bucket.versions.get(key) ?? []).filter(
      ({ versionId }) => versionId !== version.versionId,
    );
    this.replace(bucket, key, [version, ...older]);
  }

  private replace(bucket: Bucket, key: string, versions: Version[]): void {
    if (bucket.versions.has(key) !== versions.length > 0) bucket.sortedKeys = undefined;
    if (versions.length > 0) bucket.versions.set(key, versions);
    else bucket.versions.delete(key);
  }
}

const newVersionId = ({ versioning }: Bucket): string =>
  versioning === "Enabled" ? randomBytes(24).toString("base64url") : NULL_VERSION;

/** HTTP dates know whole seconds; conditions compare against what the client was told. */
const wholeSeconds = (ms: number): number => Math.floor(ms / 1000) * 1000;
