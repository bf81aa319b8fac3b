/** All that placement goes by, in one statement: parts of two moments would contradict each other. */
import type { Queryable } from "../../queryable.ts";
import type { LiveState } from "../jobs/job-states.ts";
import { WAITING_AT_ONCE, WAITING_JOBS, type WaitingJobRow } from "../jobs/list-waiting-jobs.ts";
import { NODES, type NodeRow } from "../nodes/list-nodes.ts";
import { BOOKINGS, type BookingRow } from "../pods/list-bookings.ts";
import { type OwnerRow, WAITING_OWNERS } from "../quotas/waiting-owners.ts";

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
  /** Jobs that wait and are considered, by no order. */
  readonly waiting: readonly WaitingJobRow[];
  /** What else waits, in GPUs or in slots. */
  readonly not_considered: number;
  /** Those of waiting jobs, where there are quotas. */
  readonly owners: readonly OwnerRow[];
  /** How many there are. */
  readonly jobs: { readonly [S in LiveState]?: number };
  /** The database's time. */
  readonly now_ms: number;
}

/** Ten times as long as it takes a processor to look again. */
const SEEN_WITHIN = "5 minutes";

const SQL = `
SELECT gpu_type, instance_type, instance_types, max_gpus, cpus, memory_gb, is_active, is_seen,
  coalesce(nodes, '[]') AS nodes, coalesce(bookings, '[]') AS bookings,
  coalesce(waiting, '[]') AS waiting, coalesce(not_considered, 0) AS not_considered,
  coalesce(owners, '[]') AS owners, coalesce(jobs, '{}') AS jobs,
  1000 * extract(epoch FROM now())::double precision AS now_ms
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
  SELECT gpu_type, json_agg(job) FILTER (WHERE place <= ${WAITING_AT_ONCE}) AS waiting,
    sum(greatest(1, gpu_count)) FILTER (WHERE place > ${WAITING_AT_ONCE})::integer AS not_considered
  FROM (
    SELECT *, row_number() OVER (
      PARTITION BY gpu_type ORDER BY turn, created_at, reservation_id
    ) AS place FROM (${WAITING_JOBS}) AS waits
  ) AS job GROUP BY gpu_type
) AS queue USING (gpu_type) LEFT JOIN (
  SELECT gpu_type, json_agg(owner) AS owners FROM (${WAITING_OWNERS}) AS owner GROUP BY gpu_type
) AS owning USING (gpu_type) LEFT JOIN (
  SELECT gpu_type, json_object_agg(status, number) AS jobs FROM (
    SELECT gpu_type, status, count(*) AS number FROM reservations
    WHERE status IN ('queued', 'pending', 'preparing', 'creating_server', 'active')
    GROUP BY gpu_type, status
  ) AS counted GROUP BY gpu_type
) AS live USING (gpu_type)`;

const OF_ALL = `${SQL} ORDER BY gpu_type`;
const OF_ONE = `${SQL} WHERE gpu_type = $1`;

export async function readCluster(db: Queryable): Promise<ClusterTypeRow[]> {
  return (await db.query<ClusterTypeRow>(OF_ALL)).rows;
}

/** @returns undefined for a type that there never was. */
export async function readClusterType(
  db: Queryable,
  gpuType: string,
): Promise<ClusterTypeRow | undefined> {
  return (await db.query<ClusterTypeRow>(OF_ONE, [gpuType])).rows[0];
}
