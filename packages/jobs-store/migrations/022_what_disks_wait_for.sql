-- How snapshots are found that somebody has to look at, disks that are made of one, and their copies.

CREATE INDEX IF NOT EXISTS disk_snapshots_open ON disk_snapshots (disk_id)
  WHERE state IN ('wanted', 'taking', 'deleting')
    OR content_state IN ('wanted', 'reading', 'clearing');
CREATE INDEX IF NOT EXISTS disks_by_source ON disks (source_snapshot_id)
  WHERE source_snapshot_id IS NOT NULL;
