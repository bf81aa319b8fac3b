/** Which of a user's jobs: the same question for a list and for its count. */
import type { JobState } from "./job-states.ts";

export interface JobFilter {
  readonly userId: number;
  /** Any of these; undefined means every state. */
  readonly statuses?: readonly JobState[] | undefined;
  readonly gpuType?: string | undefined;
  /** Made then or later. */
  readonly since?: Date | undefined;
}

/** Takes the first four parameters of a statement. */
export const JOB_FILTER = `
user_id = $1::integer
  AND ($2::text[] IS NULL OR status = ANY ($2))
  AND ($3::text IS NULL OR gpu_type = $3)
  AND ($4::timestamptz IS NULL OR reservations.created_at >= $4)`;

export const filterValues = ({ userId, statuses, gpuType, since }: JobFilter): unknown[] => [
  userId,
  statuses ?? null,
  gpuType ?? null,
  since ?? null,
];
