/** How long jobs waited that have just got their nodes, and how good the word was that they were given. */
import type { Queryable } from "../../queryable.ts";

export interface StartRow {
  readonly gpu_type: string;
  /** From its submission to its node. */
  readonly waited_seconds: number;
  /** After the moment by which it was as likely to start as not; below 0, before it. Null: none was told. */
  readonly late_seconds: number | null;
  /** By when it had a node: that moment, the one by which it nearly surely would, or later. */
  readonly held: "p50" | "p90" | "none" | null;
}

const SQL = `
SELECT gpu_type,
  extract(epoch FROM status_since - created_at)::double precision AS waited_seconds,
  extract(epoch FROM status_since - promised_p50_at)::double precision AS late_seconds,
  CASE WHEN promised_p50_at IS NULL THEN NULL WHEN status_since <= promised_p50_at THEN 'p50'
    WHEN status_since <= promised_p90_at THEN 'p90' ELSE 'none' END AS held
FROM reservations WHERE reservation_id = ANY ($1::text[]) AND status = 'preparing' AND generation = 1`;

/** @returns one for each that has its first node still. */
export async function readStarts(db: Queryable, jobIds: readonly string[]): Promise<StartRow[]> {
  if (jobIds.length === 0) return [];
  return (await db.query<StartRow>(SQL, [jobIds])).rows;
}
