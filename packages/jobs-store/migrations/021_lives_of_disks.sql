-- Disks have snapshots, grow, are copied from others, and end for good.

LOCK TABLE disks, disk_operations, disk_snapshots IN ACCESS EXCLUSIVE MODE;

ALTER TABLE disks
  -- what it is made of, until it has a volume of its own: that snapshot stays for so long
  ADD COLUMN source_disk_id uuid,
  ADD COLUMN source_snapshot_id uuid,
  -- a snapshot of what a job left is being cut: until then no other job writes on it
  ADD COLUMN held_until timestamptz,
  -- nothing of it is left in the cluster, and its name is free
  ADD COLUMN purged_at timestamptz,
  ADD COLUMN name_before varchar(63),
  DROP CONSTRAINT disks_state,
  -- failed: what it was to be made of is not there
  ADD CONSTRAINT disks_state CHECK (
    state IN ('wanted', 'copying', 'ready', 'failed', 'snapshotting', 'deleting', 'gone')
  ) NOT VALID,
  ADD CONSTRAINT disks_purged CHECK (
    (purged_at IS NOT NULL) = (state = 'gone') AND (purged_at IS NULL OR name_before IS NOT NULL)
  ) NOT VALID;

ALTER TABLE disk_operations
  -- that is asked for
  ADD COLUMN size_gb integer CHECK (size_gb > 0),
  -- that it has made
  ADD COLUMN snapshot_id uuid,
  -- whoever ended it knew what it asks for
  ADD COLUMN is_known boolean NOT NULL DEFAULT false,
  DROP CONSTRAINT disk_operations_action_check,
  ADD CONSTRAINT disk_operations_action CHECK (action IN (
    'create', 'clone', 'delete', 'restore', 'rename', 'resize', 'snapshot'
  )) NOT VALID;

-- a processor of the version before ends all that is open of a disk that it looks at
CREATE FUNCTION leave_as_it_is() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RETURN NULL;
END
$$;
CREATE TRIGGER disk_operations_known BEFORE UPDATE OF completed_at ON disk_operations
  FOR EACH ROW
  WHEN (
    NEW.action IN ('clone', 'resize', 'snapshot') AND NEW.completed_at IS NOT NULL
    AND NOT NEW.is_known
  )
  EXECUTE FUNCTION leave_as_it_is();

ALTER TABLE disk_snapshots
  ADD COLUMN reason varchar(10) NOT NULL DEFAULT 'job' CHECK (reason IN ('job', 'asked', 'clone')),
  -- what is in it stands still from then on
  ADD COLUMN cut_at timestamptz,
  -- when somebody began to read what is in it, if anybody has
  ADD COLUMN content_state varchar(10)
    CHECK (content_state IN ('wanted', 'reading', 'clearing', 'done')),
  ADD COLUMN content_since timestamptz,
  ADD COLUMN content text CHECK (octet_length(content) <= 262144),
  ADD COLUMN content_error text,
  DROP CONSTRAINT disk_snapshots_state_check,
  -- taking: the cluster has been told; it is there when it is ready
  ADD CONSTRAINT disk_snapshots_state CHECK (
    state IN ('wanted', 'taking', 'ready', 'failed', 'deleting', 'gone')
  ) NOT VALID;

-- a disk says at every moment what snapshots it has
CREATE FUNCTION count_snapshots() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  counted uuid := coalesce(NEW.disk_id, OLD.disk_id);
BEGIN
  UPDATE disks SET snapshot_count = found.ready, pending_snapshot_count = found.pending,
    is_backing_up = found.pending > 0, last_snapshot_at = found.last_at
  FROM (
    SELECT count(*) FILTER (WHERE state = 'ready') AS ready,
      count(*) FILTER (WHERE state IN ('wanted', 'taking')) AS pending,
      max(coalesce(cut_at, ready_at)) FILTER (WHERE state = 'ready') AS last_at
    FROM disk_snapshots WHERE disk_id = counted
  ) AS found
  WHERE disks.disk_id = counted;
  RETURN NULL;
END
$$;
CREATE TRIGGER disk_snapshots_counted AFTER INSERT OR DELETE OR UPDATE OF state ON disk_snapshots
  FOR EACH ROW EXECUTE FUNCTION count_snapshots();
