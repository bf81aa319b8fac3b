// Buckets and objects in memory, listed in the order S3 lists them: by the bytes of their UTF-8 names.

import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

export interface StoredObject {
  readonly body: Buffer;
  /** With its quotes, as it stands in the header. */
  readonly etag: string;
  /** Base64 of the big-endian CRC32. */
  readonly crc32: string;
  readonly lastModifiedMs: number;
  /** Content-Type and its kin, and `x-amz-meta-*`, ready to be sent back. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Bucket {
  readonly name: string;
  readonly createdMs: number;
  readonly objects: Map<string, StoredObject>;
  /** Sorted keys; dropped whenever a key comes or goes. */
  sortedKeys: string[] | undefined;
}

export function crc32Base64(body: Buffer): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString("base64");
}

/** UTF-16 order differs from UTF-8 order above the basic plane, so bytes are compared. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

export class BucketStore {
  private readonly buckets = new Map<string, Bucket>();

  find(name: string): Bucket | undefined {
    return this.buckets.get(name);
  }

  create(name: string, nowMs: number): Bucket {
    const bucket = { name, createdMs: nowMs, objects: new Map(), sortedKeys: undefined };
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
    headers: Readonly<Record<string, string>>,
    nowMs: number,
  ): StoredObject {
    const object: StoredObject = {
      body,
      etag: `"${createHash("md5").update(body).digest("hex")}"`,
      crc32: crc32Base64(body),
      // HTTP dates know whole seconds; conditions compare against what the client was told.
      lastModifiedMs: Math.floor(nowMs / 1000) * 1000,
      headers: { "content-type": "binary/octet-stream", ...headers },
    };
    if (!bucket.objects.has(key)) bucket.sortedKeys = undefined;
    bucket.objects.set(key, object);
    return object;
  }

  delete(bucket: Bucket, key: string): void {
    if (bucket.objects.delete(key)) bucket.sortedKeys = undefined;
  }

  keys(bucket: Bucket): readonly string[] {
    bucket.sortedKeys ??= [...bucket.objects.keys()].sort(byBytes);
    return bucket.sortedKeys;
  }

  clear(): void {
    this.buckets.clear();
  }
}
