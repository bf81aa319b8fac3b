/** The most that a user may hold at once, as an operator has set it. */

/** Whom it is for: one user, each user who logs in with a role, or (both null) each user. */
export interface QuotaSubject {
  readonly userId: number | null;
  readonly awsRole: string | null;
  /** Null: of all types together. */
  readonly gpuType: string | null;
}

/** Null: no limit. */
export interface QuotaLimits {
  /** Of live jobs, waiting ones included. */
  readonly max_gpus: number | null;
  readonly max_jobs: number | null;
  /** Of one job, its extensions included. */
  readonly max_hours: number | null;
  /** That are not deleted; in rows of no type alone. */
  readonly max_disks: number | null;
}

export interface QuotaRow extends QuotaLimits {
  readonly user_id: number | null;
  readonly aws_role: string | null;
  readonly gpu_type: string | null;
}

export const QUOTA_COLUMNS =
  "quotas.user_id, quotas.aws_role, quotas.gpu_type, max_gpus, max_jobs, max_hours, max_disks";
