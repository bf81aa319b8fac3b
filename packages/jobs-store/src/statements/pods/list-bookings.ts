/** What is booked on the nodes of a type, and until when at the latest. */
import type { Queryable } from "../../queryable.ts";

export interface BookingRow {
  readonly reservation_id: string;
  readonly generation: number;
  readonly node_name: string;
  readonly gpus: number;
  readonly cpu_millis: number;
  readonly memory_mib: number;
  readonly slots: number;
  readonly ends_at_ms: number;
}

/** Of all types. */
export const BOOKINGS = `
SELECT job_pods.reservation_id, job_pods.generation, node_name, gpus, cpu_millis, memory_mib, slots,
  -- what is ending is gone any moment
  1000 * extract(epoch FROM CASE WHEN wanted = 'end' THEN now()
    ELSE greatest(now(), coalesce(expires_at, now() + duration_hours * interval '1 hour')) END
  )::double precision AS ends_at_ms, gpu_type
FROM job_pods JOIN reservations USING (reservation_id)
WHERE released_at IS NULL`;

const SQL = `${BOOKINGS} AND gpu_type = $1`;

export async function listBookings(db: Queryable, gpuType: string): Promise<BookingRow[]> {
  return (await db.query<BookingRow>(SQL, [gpuType])).rows;
}
