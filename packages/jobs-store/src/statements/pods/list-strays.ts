/** Pods that no job has, as the processor wrote them down; those that were removed last come last. */
import type { Queryable } from "../../queryable.ts";

export interface StrayRow {
  readonly uid: string;
  readonly pod_name: string;
  readonly reservation_id: string;
  readonly kind: "orphan" | "unknown";
  readonly first_seen_at: Date;
  readonly last_seen_at: Date;
  /** An operator wants it gone. */
  readonly wanted_gone_at: Date | null;
  readonly removed_at: Date | null;
}

const SQL = `
SELECT uid, pod_name, reservation_id, kind, first_seen_at, last_seen_at, wanted_gone_at, removed_at
FROM stray_pods ORDER BY removed_at NULLS FIRST, first_seen_at DESC, uid LIMIT 1000`;

export async function listStrays(db: Queryable): Promise<StrayRow[]> {
  return (await db.query<StrayRow>(SQL)).rows;
}
