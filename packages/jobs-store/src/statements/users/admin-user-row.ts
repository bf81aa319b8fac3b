/** A user as operators see them. */
export interface AdminUserRow {
  readonly user_id: number;
  readonly username: string;
  readonly aws_account: string;
  readonly aws_role: string;
  readonly aws_session: string;
  readonly is_active: boolean;
  readonly created_at: Date;
  readonly last_login_at: Date;
  /** An operator wants everything of theirs erased. */
  readonly deleting_since: Date | null;
  /** It is. */
  readonly deleted_at: Date | null;
  /** That have not ended. */
  readonly keys: number;
  readonly live_jobs: number;
  readonly gpus: number;
  readonly disks: number;
  readonly jobs_left: number;
  readonly disks_left: number;
}

/** @param users a FROM item, named api_users, of the few that are shown: each is counted for. */
export const adminUsersOf = (users: string): string => `
SELECT api_users.user_id, username, aws_account, aws_role, aws_session, is_active, created_at,
  last_login_at, deleting_since, deleted_at, live.jobs AS live_jobs, live.gpus, (
    SELECT count(*)::integer FROM api_keys WHERE api_keys.user_id = api_users.user_id
      AND revoked_at IS NULL AND expires_at > now()
  ) AS keys, (
    SELECT count(*)::integer FROM disks
    WHERE disks.user_id = api_users.user_id AND NOT is_deleted
  ) AS disks, CASE WHEN deleting_since IS NULL THEN 0 ELSE (
    SELECT count(*)::integer FROM reservations WHERE reservations.user_id = api_users.user_id
  ) END AS jobs_left, CASE WHEN deleting_since IS NULL THEN 0 ELSE (
    SELECT count(*)::integer FROM disks
    WHERE disks.user_id = api_users.user_id AND disks.state <> 'gone'
  ) END AS disks_left
FROM ${users}, LATERAL (
  SELECT count(*)::integer AS jobs, coalesce(sum(gpu_count), 0)::integer AS gpus FROM reservations
  WHERE reservations.user_id = api_users.user_id
    AND status IN ('queued', 'pending', 'preparing', 'creating_server', 'active')
) AS live
ORDER BY api_users.user_id DESC`;
