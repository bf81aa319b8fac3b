-- How the rows of a list are found, and those that nobody needs any more. No column is added in here:
-- who has a table for an index and then wants it for himself waits for those who wait for him.

-- a user's live jobs, without those of others and without what is over
CREATE INDEX IF NOT EXISTS reservations_live_by_user ON reservations
  (user_id, created_at DESC, reservation_id DESC)
  WHERE status IN ('queued', 'pending', 'preparing', 'creating_server', 'active');
-- a user's jobs on one type of machine
CREATE INDEX IF NOT EXISTS reservations_by_user_and_type ON reservations
  (user_id, gpu_type, created_at DESC, reservation_id DESC);

-- a key when it ended, however it did
CREATE INDEX IF NOT EXISTS api_keys_ended ON api_keys
  (least(expires_at, coalesce(revoked_at, 'infinity')));
