-- How operations are found that have not ended.

CREATE INDEX IF NOT EXISTS disk_operations_open ON disk_operations (created_at)
  WHERE completed_at IS NULL;
