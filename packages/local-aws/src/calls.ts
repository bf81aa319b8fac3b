// The record of the AWS calls received: counts for ever, the last thousand in detail, never a secret or a value.

import type { Called } from "./operations.ts";

export interface CallRecord {
  /** When it arrived, ISO 8601. */
  readonly at: string;
  readonly service: Called;
  readonly operation: string;
  /** HTTP status; null while it is under way and when it was never answered. */
  status: number | null;
  /** Known once the signature was verified. */
  principalArn?: string;
  readonly accessKeyId?: string;
  /** Bucket, bucket/key, parameter name(s), path or role ARN. */
  readonly resource?: string;
  /** The first 16 hex digits of the SHA-256 of a web identity token. */
  readonly webIdentityTokenSha256?: string;
  ms: number | null;
  /** Milliseconds until the client left, where it did so before it had the whole answer. */
  cutAfterMs?: number;
}

/** One answered (or abandoned) AWS call, for a log. */
export interface CallLine {
  readonly service: string;
  readonly operation: string;
  /** HTTP status; null when the call was reset or left hanging. */
  readonly status: number | null;
  readonly durationMs: number;
}

export interface CallCounts {
  readonly total: number;
  /** `service.Operation` → calls. */
  readonly byOperation: Readonly<Record<string, number>>;
}

const KEPT = 1000;

export class CallLog {
  private counted = new Map<string, number>();
  private records: CallRecord[] = [];

  /** Counts a call when it arrives; the record may be completed later. */
  add(record: CallRecord): void {
    const name = `${record.service}.${record.operation}`;
    this.counted.set(name, (this.counted.get(name) ?? 0) + 1);
    this.records.push(record);
    if (this.records.length > KEPT * 2) this.records = this.records.slice(-KEPT);
  }

  counts(): CallCounts {
    let total = 0;
    for (const count of this.counted.values()) total += count;
    return { total, byOperation: Object.fromEntries([...this.counted].sort()) };
  }

  /** The last 1000 calls, oldest first, as copies. */
  list(): CallRecord[] {
    return this.records.slice(-KEPT).map((record) => ({ ...record }));
  }

  reset(): void {
    this.counted = new Map();
    this.records = [];
  }
}
