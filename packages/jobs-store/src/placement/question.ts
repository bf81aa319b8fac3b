/** Placement's question, from rows: whoever books and whoever tells what is free ask the same. */
import type { NodeRow } from "../statements/nodes/list-nodes.ts";
import type { BookingRow } from "../statements/pods/list-bookings.ts";
import type { Amount } from "./amounts.ts";
import type { Booked, PlacementNode, PlacementQuestion, WaitingJob } from "./place.ts";

/** Of a pod that a job has and nobody has booked. */
export type Unbooked = Omit<Booked, "endsAtMs">;

export interface QuestionRows {
  readonly nodes: readonly NodeRow[];
  readonly bookings: readonly BookingRow[];
  readonly unbooked: readonly Unbooked[];
  readonly waiting: readonly WaitingJob[];
}

export const questionOf = (rows: QuestionRows): PlacementQuestion => ({
  nodes: rows.nodes.map(nodeOf),
  booked: [
    ...rows.bookings.map(bookedOf),
    // nobody knows when it ends
    ...rows.unbooked.map((one) => ({ ...one, endsAtMs: Number.POSITIVE_INFINITY })),
  ],
  waiting: rows.waiting,
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

const nodeOf = (node: NodeRow): PlacementNode => ({
  name: node.node_name,
  size: amountOfRow(node),
  foreign: {
    gpus: node.foreign_gpus,
    cpuMillis: node.foreign_cpu_millis,
    memoryMib: node.foreign_memory_mib,
    slots: 0,
  },
  isOpen: node.is_ready && node.is_schedulable,
});

const bookedOf = (booking: BookingRow): Booked => ({
  nodeName: booking.node_name,
  amount: amountOfRow(booking),
  endsAtMs: booking.ends_at_ms,
});

export const amountOfRow = (row: NodeRow | BookingRow): Amount => ({
  gpus: row.gpus,
  cpuMillis: row.cpu_millis,
  memoryMib: row.memory_mib,
  slots: row.slots,
});
