/** Placement's question, from rows: whoever books and whoever tells ask the same. */
import { quotaLimitsOf } from "../quotas.ts";
import type { ClusterTypeRow } from "../statements/cluster/read-cluster.ts";
import type { WaitingJobRow } from "../statements/jobs/list-waiting-jobs.ts";
import type { NodeRow } from "../statements/nodes/list-nodes.ts";
import type { BookingRow } from "../statements/pods/list-bookings.ts";
import type { OwnerRow } from "../statements/quotas/waiting-owners.ts";
import type { Amount } from "./amounts.ts";
import type { Allowance, Booked, PlacementNode, PlacementQuestion } from "./place.ts";

/** Of a pod that a job has and nobody has booked. */
export type Unbooked = Pick<Booked, "nodeName" | "amount">;

/** @param waiting in their order. */
export const questionOf = (
  row: ClusterTypeRow,
  waiting: readonly WaitingJobRow[],
  unbooked: readonly Unbooked[],
): PlacementQuestion => ({
  nodes: row.nodes.map(nodeOf),
  booked: [
    ...row.bookings.map(bookedOf),
    // nobody knows when it ends
    ...unbooked.map(({ nodeName, amount }) => ({
      nodeName,
      amount,
      endsAtMs: Number.POSITIVE_INFINITY,
    })),
  ],
  waiting: waiting.map((job) => ({
    jobId: job.reservation_id,
    gpus: job.gpu_count,
    userId: job.user_id,
  })),
  allowances: new Map(row.owners.map((owner) => [owner.user_id, allowanceOf(owner, row.gpu_type)])),
});

/** As a processor wrote it down last. */
export const unbookedOn = (nodes: readonly NodeRow[]): Unbooked[] =>
  nodes
    .map((node) => ({
      nodeName: node.node_name,
      amount: {
        gpus: node.unbooked_gpus,
        cpuMillis: node.unbooked_cpu_millis,
        memoryMib: node.unbooked_memory_mib,
        slots: node.unbooked_slots,
      },
    }))
    .filter(({ amount }) => Object.values(amount).some((part) => part > 0));

/** One that would take nobody anyway is not an operator's doing. */
const nodeOf = (node: NodeRow): PlacementNode => ({
  name: node.node_name,
  size: amountOfRow(node),
  foreign: {
    gpus: node.foreign_gpus,
    cpuMillis: node.foreign_cpu_millis,
    memoryMib: node.foreign_memory_mib,
    slots: 0,
  },
  isOpen: node.is_ready && node.is_schedulable && node.closed_because === null,
  closedBecause: (node.is_ready && node.is_schedulable && node.closed_because) || undefined,
});

const bookedOf = (booking: BookingRow): Booked => ({
  nodeName: booking.node_name,
  amount: amountOfRow(booking),
  endsAtMs: booking.ends_at_ms,
  holder: { jobId: booking.reservation_id, username: booking.username },
});

/** What is left of a quota by what runs: what waits has been counted when it was asked for. */
function allowanceOf({ quotas, by_type }: OwnerRow, gpuType: string): Allowance {
  const all = Object.values(by_type);
  const parts = [
    { limits: quotaLimitsOf(quotas, gpuType), held: by_type[gpuType] ? [by_type[gpuType]] : [] },
    { limits: quotaLimitsOf(quotas, null), held: all },
  ];
  const left = (limit: "max_gpus" | "max_jobs", what: "gpus" | "jobs") =>
    Math.min(
      ...parts.map(
        ({ limits, held }) =>
          (limits[limit] ?? Number.POSITIVE_INFINITY) -
          held.reduce((sum, one) => sum + one[what], 0),
      ),
    );
  return { gpus: left("max_gpus", "gpus"), jobs: left("max_jobs", "jobs") };
}

export const amountOfRow = (row: NodeRow | BookingRow): Amount => ({
  gpus: row.gpus,
  cpuMillis: row.cpu_millis,
  memoryMib: row.memory_mib,
  slots: row.slots,
});
