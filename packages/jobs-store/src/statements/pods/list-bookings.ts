/** What is booked on nodes, by whom, and until when at the latest. */

export interface BookingRow {
  readonly reservation_id: string;
  readonly user_id: number;
  readonly username: string;
  readonly generation: number;
  readonly node_name: string;
  readonly gpus: number;
  readonly cpu_millis: number;
  readonly memory_mib: number;
  readonly slots: number;
  readonly ends_at_ms: number;
  readonly is_ending: boolean;
  /** Null: it has not started. */
  readonly launched_at_ms: number | null;
  /** That it may run from its start. */
  readonly duration_hours: number;
}

const msOf = (time: string) => `1000 * extract(epoch FROM ${time})::double precision`;

/** Of all types. */
export const BOOKINGS = `
SELECT job_pods.reservation_id, user_id, username, job_pods.generation, node_name, gpus, cpu_millis,
  memory_mib, slots, wanted = 'end' AS is_ending, duration_hours,
  CASE WHEN launched_at IS NOT NULL THEN ${msOf("launched_at")} END AS launched_at_ms,
  -- what is ending is gone any moment
  ${msOf(`CASE WHEN wanted = 'end' THEN now()
    ELSE greatest(now(), coalesce(expires_at, now() + duration_hours * interval '1 hour')) END`)}
    AS ends_at_ms, gpu_type
FROM job_pods JOIN reservations USING (reservation_id) JOIN api_users USING (user_id)
WHERE released_at IS NULL`;
