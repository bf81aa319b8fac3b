// Buckets and objects in memory, listed in the order S3 lists them: by the bytes of their UTF-8 names. Every change can be
// recorded and made again.

import { createHash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { LOCAL_AWS } from "../known-identities.ts";
import type { Custody } from "./custody.ts";
import { Uploads } from "./uploads.ts";

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
  /** Of one that was uploaded in parts: their sizes in bytes, in their order. */
  readonly partSizes?: readonly number[];
}

/** Stands for an object that was deleted in a bucket with versions. */
export interface DeleteMarker {
  readonly versionId: string;
  readonly lastModifiedMs: number;
  readonly body?: undefined;
}

export type Version = StoredObject | DeleteMarker;

export const isDeleted = (version: Version): version is DeleteMarker => version.body === undefined;

/** `redirect` is 301, as from the endpoint of another region; `malformed` 400, as from the one for all regions. */
export type Misrouted = "redirect" | "malformed";

/** `Off` until it is first switched on, and never again after. */
export type Versioning = "Off" | "Enabled" | "Suspended";

export interface Bucket {
  readonly name: string;
  readonly createdMs: number;
  readonly region: string;
  /** What whoever signs for another region is told. */
  readonly misrouted: Misrouted;
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
  /** Of one that was uploaded in parts, which its ETag is made of. */
  readonly parts?: { readonly etag: string; readonly sizes: readonly number[] };
}

/** What the version before wrote down has no place. */
type BucketSettings = { readonly kind: "bucket" } & Pick<
  Bucket,
  "name" | "createdMs" | "versioning"
> &
  Partial<Pick<Bucket, "region" | "misrouted">>;

/** What happens to buckets and objects, as it can be written down and done again. */
export type BucketChange =
  | BucketSettings
  | {
      readonly kind: "object";
      readonly bucket: string;
      readonly key: string;
      readonly version: Version;
    }
  | {
      readonly kind: "object-gone";
      readonly bucket: string;
      readonly key: string;
      readonly versionId: string;
    };

/** The version of everything that was put while there were no versions. */
const NULL_VERSION = "null";

export function crc32Base64(body: Buffer): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString("base64");
}

/** Of bytes that came in one piece. */
export const etagOf = (body: Buffer): string => `"${createHash("md5").update(body).digest("hex")}"`;

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
  /** Under way, and with no object yet. */
  readonly uploads = new Uploads();
  private readonly buckets = new Map<string, Bucket>();
  private readonly record: (change: BucketChange) => void;

  /** @param record is told every change once it is made, but not `clear`. */
  constructor(record: (change: BucketChange) => void = () => {}) {
    this.record = record;
  }

  find(name: string): Bucket | undefined {
    return this.buckets.get(name);
  }

  create(name: string, nowMs: number, region: string = LOCAL_AWS.region): Bucket {
    const place = { region, misrouted: "redirect" } as const;
    this.change({ kind: "bucket", name, createdMs: nowMs, versioning: "Off", ...place });
    return this.named(name);
  }

  setVersioning(bucket: Bucket, versioning: Versioning): void {
    this.change({ ...settingsOf(bucket), versioning });
  }

  /** Moves the bucket, with all that is in it. */
  setPlace(bucket: Bucket, place: Pick<Bucket, "region" | "misrouted">): void {
    this.change({ ...settingsOf(bucket), ...place });
  }

  /** All buckets by name. */
  list(): Bucket[] {
    return [...this.buckets.values()].sort((a, b) => byBytes(a.name, b.name));
  }

  put(
    bucket: Bucket,
    key: string,
    body: Buffer,
    { headers, custody = { storageClass: "STANDARD" }, parts }: Put,
    nowMs: number,
  ): StoredObject {
    const object: StoredObject = {
      versionId: newVersionId(bucket),
      body,
      etag: parts?.etag ?? etagOf(body),
      crc32: crc32Base64(body),
      lastModifiedMs: wholeSeconds(nowMs),
      headers: { "content-type": "binary/octet-stream", ...headers },
      custody,
      ...(parts && { partSizes: parts.sizes }),
    };
    this.change({ kind: "object", bucket: bucket.name, key, version: object });
    return object;
  }

  /** Takes the object away, or in a bucket with versions puts a mark on top of them, which it returns. */
  delete(bucket: Bucket, key: string, nowMs: number): DeleteMarker | undefined {
    if (bucket.versioning === "Off") {
      this.deleteVersion(bucket, key, NULL_VERSION);
      return undefined;
    }
    const mark = { versionId: newVersionId(bucket), lastModifiedMs: wholeSeconds(nowMs) };
    this.change({ kind: "object", bucket: bucket.name, key, version: mark });
    return mark;
  }

  /** Takes one version away for good, whether it is there or not. */
  deleteVersion(bucket: Bucket, key: string, versionId: string): void {
    if (!bucket.versions.get(key)?.some((one) => one.versionId === versionId)) return;
    this.change({ kind: "object-gone", bucket: bucket.name, key, versionId });
  }

  /** Every key that has a version, deleted or not. */
  keys(bucket: Bucket): readonly string[] {
    bucket.sortedKeys ??= [...bucket.versions.keys()].sort(byBytes);
    return bucket.sortedKeys;
  }

  clear(): void {
    this.buckets.clear();
    this.uploads.clear();
  }

  /** Makes a change that was recorded before. */
  apply(change: BucketChange): void {
    if (change.kind === "bucket") {
      const { kind: _, region = LOCAL_AWS.region, misrouted = "redirect", ...settings } = change;
      const known = this.find(change.name) ?? { versions: new Map(), sortedKeys: undefined };
      this.buckets.set(change.name, Object.assign(known, settings, { region, misrouted }));
      return;
    }
    const bucket = this.named(change.bucket);
    const changed = change.kind === "object" ? change.version : undefined;
    const versionId = change.kind === "object" ? change.version.versionId : change.versionId;
    const others = (bucket.versions.get(change.key) ?? []).filter(
      (one) => one.versionId !== versionId,
    );
    this.replace(bucket, change.key, changed ? [changed, ...others] : others);
  }

  /** The changes that lead from nothing to what is here. */
  *changes(): Generator<BucketChange> {
    for (const bucket of this.buckets.values()) {
      yield settingsOf(bucket);
      for (const [key, ofKey] of bucket.versions) {
        for (const version of ofKey.toReversed()) {
          yield { kind: "object", bucket: bucket.name, key, version };
        }
      }
    }
  }

  private change(change: BucketChange): void {
    this.apply(change);
    this.record(change);
  }

  private named(name: string): Bucket {
    const bucket = this.buckets.get(name);
    if (bucket === undefined) throw new Error(`there is no bucket ${name}`);
    return bucket;
  }

  private replace(bucket: Bucket, key: string, versions: Version[]): void {
    if (bucket.versions.has(key) !== versions.length > 0) bucket.sortedKeys = undefined;
    if (versions.length > 0) bucket.versions.set(key, versions);
    else bucket.versions.delete(key);
  }
}

function settingsOf({ name, createdMs, versioning, region, misrouted }: Bucket): BucketSettings {
  return { kind: "bucket", name, createdMs, versioning, region, misrouted };
}

const newVersionId = ({ versioning }: Bucket): string =>
  versioning === "Enabled" ? randomBytes(24).toString("base64url") : NULL_VERSION;

/** HTTP dates know whole seconds; conditions compare against what the client was told. */
const wholeSeconds = (ms: number): number => Math.floor(ms / 1000) * 1000;
