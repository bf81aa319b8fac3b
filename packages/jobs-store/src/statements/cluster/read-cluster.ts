/** All that placement goes by, of every type, in one statement: parts of two moments would contradict each other. */

import type { DiskWish } from "../../placement/by-disks.ts";
import type { Queryable } from "../../queryable.ts";
import type { LiveState } from "../jobs/job-states.ts";
import { WAITING_JOBS, type WaitingJobRow } from "../jobs/list-waiting-jobs.ts";
import { NODES, type NodeRow } from "../nodes/list-nodes.ts";
import { BOOKINGS, type BookingRow } from "../pods/list-bookings.ts";

export interface ClusterTypeRow {
  readonly gpu_type: string;
  readonly instance_type: string;
  readonly instance_types: readonly string[];
  /** Of one node: 0 for a type by slots. */
  readonly max_gpus: number;
  readonly cpus: number;
  readonly memory_gb: number;
  /** Jobs can ask for it. */
  readonly is_active: boolean;
  /** A processor looks at the cluster: what it wrote down is minutes old at most. */
  readonly is_seen: boolean;
  readonly nodes: readonly NodeRow[];
  readonly bookings: readonly BookingRow[];
  /** Jobs that wait, in their order. */
  readonly waiting: readonly (DiskWish & Pick<WaitingJobRow, "gpu_count">)[];
  /** How many there are. */
  readonly jobs: { readonly [S in LiveState]?: number };
}

/** Ten times as long as it takes a processor to look again. */
const SEEN_WITHIN = "5 minutes";

const SQL = `
SELECT gpu_type, instance_type, instance_types, max_gpus, cpus, memory_gb, is_active, is_seen,
  coalesce(nodes, '[]') AS nodes, coalesce(bookings, '[]') AS bookings,
  coalesce(waiting, '[]') AS waiting, coalesce(jobs, '{}') AS jobs
FROM gpu_types CROSS JOIN (
  -- a processor of the version before marks the nodes alone
  SELECT coalesce(greatest(
    (SELECT max(seen_at) FROM nodes WHERE gone_at IS NULL),
    (SELECT finished_at FROM duties WHERE name = 'nodes')
  ) > now() - interval '${SEEN_WITHIN}', false) AS is_seen
) AS look LEFT JOIN (
  SELECT gpu_type, json_agg(node ORDER BY node_name) AS nodes FROM (${NODES}) AS node
  GROUP BY gpu_type
) AS there USING (gpu_type) LEFT JOIN (
  SELECT gpu_type, json_agg(booking) AS bookings FROM (${BOOKINGS}) AS booking GROUP BY gpu_type
) AS taken USING (gpu_type) LEFT JOIN (
  SELECT gpu_type, json_agg(json_build_object('reservation_id', reservation_id,
    'gpu_count', gpu_count, 'disk_id', disk_id, 'disk_name', disk_name, 'disk_state', disk_state,
    'disk_fault', disk_fault, 'disk_holder', disk_holder) ORDER BY created_at, reservation_id
  ) AS waiting FROM (${WAITING_JOBS}) AS job GROUP BY gpu_type
) AS queue USING (gpu_type) LEFT JOIN (
  SELECT gpu_type, json_object_agg(status, number) AS jobs FROM (
    SELECT gpu_type, status, count(*) AS number FROM reservations
    WHERE status IN ('queued', 'pending', 'preparing', 'creating_server', 'active')
    GROUP BY gpu_type, status
  ) AS counted GROUP BY gpu_type
) AS live USING (gpu_type)
ORDER BY gpu_type`;

export async function readCluster(db: Queryable): Promise<ClusterTypeRow[]> {
  return (await db.query<ClusterTypeRow>(SQL)).rows;
}
