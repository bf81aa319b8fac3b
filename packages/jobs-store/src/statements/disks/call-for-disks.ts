/** What a purged queue, or a version that knew nothing of disks, would leave for ever. */
import type { Queryable } from "../../queryable.ts";

// in the order of ids, so that two callers never wait for each other
const CALL = `
WITH called AS (
  SELECT disk_id FROM disks
  WHERE (due_at IS NULL OR due_at > now() + interval '1 minute') AND lease_until IS NULL
    AND faults = 0 AND (
    disk_id IN (
      SELECT disk_id FROM disk_operations
      WHERE completed_at IS NULL AND created_at < now() - interval '1 minute'
    ) OR disk_id IN (
      SELECT disk_id FROM disk_snapshots WHERE state IN ('wanted', 'taking', 'deleting')
        OR content_state IN ('wanted', 'reading', 'clearing')
    ) OR (delete_date <= (now() AT TIME ZONE 'UTC')::date AND state <> 'gone')
  )
  ORDER BY disk_id FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE disks SET due_at = now() FROM called WHERE disks.disk_id = called.disk_id`;

const FREE = `
WITH left_over AS (
  SELECT disks.disk_id FROM disks JOIN reservations USING (reservation_id)
  WHERE cleaned_at IS NOT NULL
  ORDER BY disk_id FOR NO KEY UPDATE OF disks SKIP LOCKED
)
UPDATE disks SET reservation_id = NULL FROM left_over WHERE disks.disk_id = left_over.disk_id`;

/**
 * Disks of which something is open are due, and deleted ones whose day has come; those of jobs that are
 * gone are free.
 */
export async function callForDisks(db: Queryable): Promise<void> {
  await db.query(CALL);
  await db.query(FREE);
}
