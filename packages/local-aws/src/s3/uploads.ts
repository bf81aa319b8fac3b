// Uploads in parts that are under way: in memory alone, whoever made them begins again after a restart.

import { createHash, randomBytes } from "node:crypto";
import type { Custody } from "./custody.ts";

/** What an object has beside its bytes. */
export interface Beside {
  readonly headers: Readonly<Record<string, string>>;
  readonly custody: Custody;
}

export interface Part {
  readonly body: Buffer;
  readonly etag: string;
  readonly lastModifiedMs: number;
}

export interface Upload {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly beganMs: number;
  readonly beside: Beside;
  /** By number, in no order. */
  readonly parts: Map<number, Part>;
}

export class Uploads {
  private readonly byId = new Map<string, Upload>();

  begin(bucket: string, key: string, beside: Beside, nowMs: number): Upload {
    const id = randomBytes(48).toString("base64url");
    const upload = { id, bucket, key, beganMs: nowMs, beside, parts: new Map() };
    this.byId.set(id, upload);
    return upload;
  }

  find(bucket: string, key: string, id: string): Upload | undefined {
    const found = this.byId.get(id);
    return found?.bucket === bucket && found.key === key ? found : undefined;
  }

  /** In the order in which they were begun. */
  of(bucket: string): Upload[] {
    return [...this.byId.values()].filter((upload) => upload.bucket === bucket);
  }

  end({ id }: Upload): void {
    this.byId.delete(id);
  }

  clear(): void {
    this.byId.clear();
  }
}

/** As S3 makes the ETag of an object of parts: of their digests, and with their number. */
export function etagOfParts(parts: readonly Part[]): string {
  const digests = parts.map(({ etag }) => Buffer.from(etag.replaceAll('"', ""), "hex"));
  const digest = createHash("md5").update(Buffer.concat(digests)).digest("hex");
  return `"${digest}-${parts.length}"`;
}
