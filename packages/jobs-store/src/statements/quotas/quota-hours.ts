/** Hours that a job may have by its owner's quotas: of each kind of row the closest, and of those the fewest. */

/** An expression, of `reservations` as `r`; null: as many as there may be. */
export const QUOTA_HOURS = `(
  SELECT min(max_hours) FROM (
    SELECT DISTINCT ON (quotas.gpu_type) max_hours FROM quotas CROSS JOIN api_users AS owner
    WHERE owner.user_id = r.user_id AND max_hours IS NOT NULL
      AND (quotas.user_id IS NULL OR quotas.user_id = r.user_id)
      AND (quotas.aws_role IS NULL OR quotas.aws_role = owner.aws_role)
      AND (quotas.gpu_type IS NULL OR quotas.gpu_type = r.gpu_type)
    ORDER BY quotas.gpu_type, quotas.user_id NULLS LAST, quotas.aws_role NULLS LAST
  ) AS closest
)`;
