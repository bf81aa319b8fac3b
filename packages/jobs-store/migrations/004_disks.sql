-- Disks outlive jobs; an operation is one request to change one, carried out by the processor.

CREATE TABLE disks (
  disk_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id integer NOT NULL REFERENCES api_users,
  disk_name varchar(63) NOT NULL CHECK (disk_name ~ '^[A-Za-z0-9_-]+$'),
  size_gb integer CHECK (size_gb > 0),
  -- how much is used, as du says it: 1.2G
  disk_size text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  last_used timestamptz,
  -- the job that has it mounted
  reservation_id varchar(64) COLLATE "C" REFERENCES reservations ON DELETE SET NULL,
  in_use boolean NOT NULL GENERATED ALWAYS AS (reservation_id IS NOT NULL) STORED,
  ebs_volume_id text,
  is_backing_up boolean NOT NULL DEFAULT false,
  snapshot_count integer NOT NULL DEFAULT 0 CHECK (snapshot_count >= 0),
  pending_snapshot_count integer NOT NULL DEFAULT 0 CHECK (pending_snapshot_count >= 0),
  last_snapshot_at timestamptz,
  latest_snapshot_content_s3 text,
  -- soft delete: until delete_date it can be restored, and its name stays taken
  marked_deleted_at timestamptz,
  delete_date date,
  is_deleted boolean NOT NULL GENERATED ALWAYS AS (marked_deleted_at IS NOT NULL) STORED,
  CONSTRAINT disks_name UNIQUE (user_id, disk_name),
  CHECK ((marked_deleted_at IS NULL) = (delete_date IS NULL))
);

CREATE INDEX disks_reservation ON disks (reservation_id) WHERE reservation_id IS NOT NULL;
CREATE INDEX disks_delete_date ON disks (delete_date) WHERE delete_date IS NOT NULL;
CREATE TRIGGER disks_updated_at BEFORE UPDATE ON disks
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TABLE disk_operations (
  operation_id uuid PRIMARY KEY,
  disk_id uuid NOT NULL REFERENCES disks ON DELETE CASCADE,
  action varchar(20) NOT NULL CHECK (action IN ('create', 'delete', 'restore', 'rename')),
  status varchar(20) NOT NULL DEFAULT 'queued'
    CHECK (status IN ('queued', 'running', 'completed', 'failed')),
  error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz,
  CHECK ((completed_at IS NOT NULL) = (status IN ('completed', 'failed'))),
  CHECK (error IS NULL OR status = 'failed')
);

CREATE INDEX disk_operations_by_disk ON disk_operations (disk_id, created_at DESC);
CREATE TRIGGER disk_operations_updated_at BEFORE UPDATE ON disk_operations
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
