/** Duties, pods without a job and what is forgotten, as operators read them. */
import type { Duty, Orphans, RetentionReport } from "@airlock/contract";
import type { countPurgeable, DutyRow, Purgeable, Retention, StrayRow } from "@airlock/jobs-store";

export const dutyBody = ({ due_at, finished_at, ...row }: DutyRow): Duty => ({
  ...row,
  due_at: due_at.toISOString(),
  finished_at: finished_at?.toISOString() ?? null,
});

export const orphanBody = (row: StrayRow): Orphans["orphans"][number] => ({
  pod_name: row.pod_name,
  uid: row.uid,
  job_id: row.reservation_id,
  kind: row.kind,
  first_seen_at: row.first_seen_at.toISOString(),
  last_seen_at: row.last_seen_at.toISOString(),
  becomes: becomes(row),
});

function becomes({ kind, removed_at, wanted_gone_at }: StrayRow): string {
  if (removed_at !== null) return "It was removed.";
  if (kind === "orphan") return "Its job is over or has another pod: it is being removed.";
  if (wanted_gone_at !== null) return "You want it gone: it is removed at the next sweep.";
  return "No job of this database: it stays until it ends by itself, or you remove it.";
}

type Counts = Awaited<ReturnType<typeof countPurgeable>>;
type Kind = RetentionReport["kinds"][number];

export function retentionKinds(
  { keys, jobs, operations, orders, challenges, answers }: Counts,
  { keysDays, jobsDays, ordersDays }: Retention,
): Kind[] {
  const of = (
    kind: Kind["kind"],
    setting: string | null,
    days: number,
    found: Purgeable,
  ): Kind => ({
    kind,
    setting,
    days,
    purgeable: found.number,
    oldest_at: found.oldest_at?.toISOString() ?? null,
  });
  return [
    of("api keys", "KEEP_KEYS_DAYS", keysDays, keys),
    of("jobs", "KEEP_JOBS_DAYS", jobsDays, jobs),
    of("disk operations", "KEEP_JOBS_DAYS", jobsDays, operations),
    of("orders", "KEEP_ORDERS_DAYS", ordersDays, orders),
    of("login challenges", null, 0, challenges),
    of("kept answers", null, 0, answers),
  ];
}
