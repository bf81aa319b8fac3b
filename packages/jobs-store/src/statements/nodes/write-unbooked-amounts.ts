/** Writes down what pods of jobs that nobody has booked take of the nodes. */
import type { Queryable } from "../../queryable.ts";

export interface PodOnNode {
  readonly reservationId: string;
  readonly generation: number;
  readonly nodeName: string;
  readonly gpus: number;
  readonly cpuMillis: number;
  readonly memoryMib: number;
  readonly slots: number;
}

const SQL = `
WITH unbooked AS (
  SELECT node, sum(gpus)::integer AS gpus, sum(cpu_millis)::integer AS cpu_millis,
    sum(memory_mib)::integer AS memory_mib, sum(slots)::integer AS slots
  FROM unnest($1::text[], $2::integer[], $3::text[], $4::integer[], $5::integer[], $6::integer[],
    $7::integer[]) AS pod (id, generation, node, gpus, cpu_millis, memory_mib, slots)
  WHERE NOT EXISTS (
    SELECT FROM job_pods WHERE reservation_id = id AND job_pods.generation = pod.generation
      AND released_at IS NULL
  )
  GROUP BY node
), wanted AS (
  SELECT node_name, coalesce(unbooked.gpus, 0) AS gpus,
    coalesce(unbooked.cpu_millis, 0) AS cpu_millis,
    coalesce(unbooked.memory_mib, 0) AS memory_mib, coalesce(unbooked.slots, 0) AS slots
  FROM nodes LEFT JOIN unbooked ON node = node_name
)
UPDATE nodes SET unbooked_gpus = wanted.gpus, unbooked_cpu_millis = wanted.cpu_millis,
  unbooked_memory_mib = wanted.memory_mib, unbooked_slots = wanted.slots
FROM wanted WHERE nodes.node_name = wanted.node_name
  AND (unbooked_gpus, unbooked_cpu_millis, unbooked_memory_mib, unbooked_slots)
    IS DISTINCT FROM (wanted.gpus, wanted.cpu_millis, wanted.memory_mib, wanted.slots)`;

/** @param pods all of them that are on a node. */
export async function writeUnbookedAmounts(
  db: Queryable,
  pods: readonly PodOnNode[],
): Promise<void> {
  await db.query(SQL, [
    pods.map(({ reservationId }) => reservationId),
    pods.map(({ generation }) => generation),
    pods.map(({ nodeName }) => nodeName),
    pods.map(({ gpus }) => gpus),
    pods.map(({ cpuMillis }) => cpuMillis),
    pods.map(({ memoryMib }) => memoryMib),
    pods.map(({ slots }) => slots),
  ]);
}
