-- Rows of the release before, which knew nothing of what the migration before this one added. No
-- table is locked in here: rows are.

-- what is live is not cleaned up, somebody should look at it, and once it runs it ends
UPDATE reservations SET
  cleaned_at = NULL,
  due_at = now(),
  reservation_ended = NULL,
  launched_at = CASE WHEN status = 'active' THEN coalesce(launched_at, created_at)
    ELSE launched_at END,
  expires_at = CASE WHEN status = 'active'
    THEN coalesce(expires_at, coalesce(launched_at, created_at) + duration_hours * interval '1 hour')
    ELSE expires_at END
WHERE status IN ('queued', 'pending', 'preparing', 'creating_server', 'active');

-- what is over has ended
UPDATE reservations
SET reservation_ended = coalesce(failed_at, cancelled_at, expires_at, updated_at)
WHERE status IN ('expired', 'cancelled', 'failed') AND reservation_ended IS NULL;

-- a job that waits, and whose owner has the disk that it names, wants this disk
UPDATE reservations SET disk_id = disks.disk_id
FROM disks
WHERE disks.user_id = reservations.user_id AND disks.disk_name = reservations.disk_name
  AND reservations.disk_id IS NULL
  AND status IN ('queued', 'pending', 'preparing', 'creating_server', 'active');
