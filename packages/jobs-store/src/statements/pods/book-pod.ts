/** Books a part of a node for a job's next pod. */
import type { Queryable } from "../../queryable.ts";

export interface BookPodArgs {
  readonly reservationId: string;
  readonly generation: number;
  readonly namespace: string;
  readonly podName: string;
  readonly nodeName: string;
  readonly gpus: number;
  readonly cpuMillis: number;
  readonly memoryMib: number;
  readonly slots: number;
}

const SQL = `
INSERT INTO job_pods (reservation_id, generation, node_index, namespace, pod_name, node_name, gpus,
  cpu_millis, memory_mib, slots)
VALUES ($1, $2::integer, 0, $3, $4, $5, $6::integer, $7::integer, $8::integer, $9::integer)`;

/** @throws StoreError conflict: the name is booked still. */
export async function bookPod(db: Queryable, args: BookPodArgs): Promise<void> {
  const { reservationId, generation, namespace, podName, nodeName } = args;
  const place = [reservationId, generation, namespace, podName, nodeName];
  await db.query(SQL, [...place, args.gpus, args.cpuMillis, args.memoryMib, args.slots]);
}
