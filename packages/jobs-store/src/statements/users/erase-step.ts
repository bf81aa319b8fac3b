/** What can be erased of a user by now: disks whose jobs are over end for good, and what has ended goes. */
import type { Queryable } from "../../queryable.ts";

// nobody restores it: its day has come
const DOOM = `
UPDATE disks SET marked_deleted_at = coalesce(marked_deleted_at, now()),
  delete_date = (now() AT TIME ZONE 'UTC')::date, due_at = now()
WHERE user_id = $1::integer AND state <> 'gone'
  AND (delete_date IS NULL OR delete_date > (now() AT TIME ZONE 'UTC')::date)
  AND NOT EXISTS (
    SELECT FROM reservations
    WHERE reservations.disk_id = disks.disk_id AND cleaned_at IS NULL
  )`;

const JOBS = `
DELETE FROM reservations WHERE reservation_id IN (
  SELECT reservation_id FROM reservations WHERE user_id = $1::integer AND cleaned_at IS NOT NULL
  ORDER BY reservation_id LIMIT $2::integer FOR UPDATE SKIP LOCKED
)`;

const DISKS = `
DELETE FROM disks WHERE disk_id IN (
  SELECT disk_id FROM disks WHERE user_id = $1::integer AND state = 'gone'
  ORDER BY disk_id LIMIT $2::integer FOR UPDATE SKIP LOCKED
)`;

const END = `
UPDATE api_users SET deleted_at = now()
WHERE user_id = $1::integer AND deleting_since IS NOT NULL AND deleted_at IS NULL
  AND NOT EXISTS (SELECT FROM reservations WHERE reservations.user_id = api_users.user_id)
  AND NOT EXISTS (SELECT FROM disks WHERE disks.user_id = api_users.user_id)`;

export interface EraseStep {
  /** As many as `limit` of one kind: there is more that can go now. */
  readonly most: number;
  /** Nothing is left. */
  readonly isOver: boolean;
}

export async function eraseStep(
  db: Queryable,
  { userId, limit }: { readonly userId: number; readonly limit: number },
): Promise<EraseStep> {
  const jobs = (await db.query(JOBS, [userId, limit])).rowCount ?? 0;
  await db.query(DOOM, [userId]);
  const disks = (await db.query(DISKS, [userId, limit])).rowCount ?? 0;
  const isOver = (await db.query(END, [userId])).rowCount === 1;
  return { most: Math.max(jobs, disks), isOver };
}
