/** What is done over and over, and how it fares. */
import type { Queryable } from "../../queryable.ts";

export interface DutyRow {
  readonly name: string;
  readonly period_seconds: number;
  readonly due_at: Date;
  /** The last time that it came to its end. */
  readonly finished_at: Date | null;
  readonly is_running: boolean;
  /** Nobody took it for a minute. */
  readonly is_late: boolean;
  readonly faults: number;
  readonly last_fault: string | null;
}

const SQL = `
SELECT name, period_seconds, due_at, finished_at, coalesce(lease_until > now(), false) AS is_running,
  due_at < now() - interval '1 minute' AND coalesce(lease_until <= now(), true) AS is_late,
  faults, last_fault
FROM duties
-- what is never due is a mark, such as that of somebody who has looked at the nodes
WHERE isfinite(due_at) ORDER BY name`;

export async function listDuties(db: Queryable): Promise<DutyRow[]> {
  return (await db.query<DutyRow>(SQL)).rows;
}
