-- How the rows are found that somebody has to look at.

-- a pod's name belongs to one job until nothing of it is left, whosever jobs they are
CREATE UNIQUE INDEX IF NOT EXISTS reservations_pod_name ON reservations (namespace, pod_name)
  WHERE cleaned_at IS NULL;
CREATE INDEX IF NOT EXISTS reservations_due ON reservations (due_at)
  WHERE due_at IS NOT NULL AND cleaned_at IS NULL;
-- what waits for nodes, in its order
CREATE INDEX IF NOT EXISTS reservations_waiting ON reservations
  (gpu_type, created_at, reservation_id) WHERE status IN ('queued', 'pending');
-- which jobs want a disk, and which still have something of it
CREATE INDEX IF NOT EXISTS reservations_by_disk ON reservations (disk_id, cleaned_at)
  WHERE disk_id IS NOT NULL;
-- what may be forgotten, the oldest first
CREATE INDEX IF NOT EXISTS reservations_ended ON reservations (reservation_ended)
  WHERE cleaned_at IS NOT NULL;
