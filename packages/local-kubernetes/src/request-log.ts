/** The server's own log of requests: counts for ever, what was created for ever, the last thousand requests in detail. Never a body. */
import type { Verb } from "./api/target.ts";
import type { KindName } from "./kind-names.ts";
import type { StoredObject } from "./objects.ts";

export interface RequestRecord {
  /** When it arrived, ISO 8601. */
  readonly at: string;
  readonly verb: Verb;
  readonly kind: KindName;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** Null while it is under way, and when it was never answered. */
  status: number | null;
  ms: number | null;
}

/** An object that was really made, whatever its client has heard of that. */
export interface Creation {
  readonly kind: KindName;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RequestCounts {
  readonly total: number;
  /** `create pods 201` → requests; without a status for those that were never answered. */
  readonly byOutcome: Readonly<Record<string, number>>;
}

const KEPT = 1000;

export class RequestLog {
  #records: RequestRecord[] = [];
  #counts = new Map<string, number>();
  #creations: Creation[] = [];

  begin(record: RequestRecord): void {
    this.#records.push(record);
    if (this.#records.length > 2 * KEPT) this.#records = this.#records.slice(-KEPT);
  }

  end(record: RequestRecord, status: number | null, ms: number): void {
    record.status = status;
    record.ms = Math.round(ms * 10) / 10;
    const outcome = [record.verb, record.kind, ...(status === null ? [] : [status])].join(" ");
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
  }

  created(kind: KindName, { metadata }: StoredObject): void {
    const { namespace, name, uid, labels = {}, annotations = {} } = metadata;
    this.#creations.push({ kind, namespace, name, uid, labels, annotations });
  }

  counts(): RequestCounts {
    let total = 0;
    for (const count of this.#counts.values()) total += count;
    return { total, byOutcome: Object.fromEntries([...this.#counts].sort()) };
  }

  /** Oldest first, as copies. */
  list(): RequestRecord[] {
    return this.#records.slice(-KEPT).map((record) => ({ ...record }));
  }

  creations(kind?: KindName): Creation[] {
    return this.#creations.filter((one) => kind === undefined || one.kind === kind);
  }

  reset(): void {
    this.#records = [];
    this.#counts = new Map();
    this.#creations = [];
  }
}
