/** A type of machine at one moment, as the database tells it: by hand, and generated. */
import {
  type ClusterTypeRow,
  type OrderRules,
  type OwnerRow,
  shareOf,
  type WaitingJobRow,
} from "../src/index.ts";
import { generator } from "./generator.ts";

export interface NodeWish {
  readonly name: string;
  readonly gpus?: number;
  readonly slots?: number;
  readonly cpuMillis?: number;
  readonly memoryMib?: number;
  readonly foreignGpus?: number;
  readonly isReady?: boolean;
  readonly closedBecause?: string;
}

export interface BookingWish {
  readonly node: string;
  readonly gpus: number;
  readonly userId?: number;
  readonly endsAtMs?: number;
}

export interface RowWish {
  readonly nodes: readonly NodeWish[];
  readonly bookings?: readonly BookingWish[];
  readonly waiting?: readonly WaitingJobRow[];
  readonly owners?: readonly OwnerRow[];
  readonly nowMs?: number;
}

export function aRow({
  nodes,
  bookings = [],
  waiting = [],
  owners = [],
  nowMs = 0,
}: RowWish): ClusterTypeRow {
  const sizeOf = ({
    gpus = 0,
    slots = 0,
    cpuMillis = 96_000,
    memoryMib = 1_000_000,
  }: NodeWish) => ({
    gpus,
    cpuMillis,
    memoryMib,
    slots,
  });
  const byName = new Map(nodes.map((node) => [node.name, sizeOf(node)]));
  return {
    gpu_type: "h100",
    instance_type: "p5.48xlarge",
    instance_types: ["p5.48xlarge"],
    max_gpus: nodes.some(({ slots = 0 }) => slots > 0) ? 0 : 8,
    cpus: 192,
    memory_gb: 2048,
    is_active: true,
    is_seen: true,
    nodes: nodes.map((node) => {
      const { gpus, cpuMillis, memoryMib, slots } = sizeOf(node);
      return {
        node_name: node.name,
        gpus,
        cpu_millis: cpuMillis,
        memory_mib: memoryMib,
        slots,
        is_ready: node.isReady ?? true,
        is_schedulable: true,
        closed_because: node.closedBecause ?? null,
        foreign_gpus: node.foreignGpus ?? 0,
        foreign_cpu_millis: 0,
        foreign_memory_mib: 0,
        unbooked_gpus: 0,
        unbooked_cpu_millis: 0,
        unbooked_memory_mib: 0,
        unbooked_slots: 0,
      };
    }),
    bookings: bookings.map(({ node, gpus, userId = 1, endsAtMs = 1000 }, index) => {
      const size = byName.get(node) ?? sizeOf({ name: node, gpus: 8 });
      const { cpuMillis, memoryMib, slots } = shareOf(size, gpus);
      return {
        reservation_id: `running-${index}`,
        user_id: userId,
        username: `user-${userId}`,
        generation: 1,
        node_name: node,
        gpus,
        cpu_millis: cpuMillis,
        memory_mib: memoryMib,
        slots,
        ends_at_ms: endsAtMs,
        is_ending: false,
        launched_at_ms: 0,
        duration_hours: 1,
      };
    }),
    waiting,
    not_considered: 0,
    owners,
    jobs: {},
    now_ms: nowMs,
  };
}

export interface WaitingWish {
  readonly id: string;
  readonly gpus: number;
  readonly userId?: number;
  readonly createdAtMs?: number;
  readonly hours?: number;
  readonly disk?: Partial<
    Pick<WaitingJobRow, "disk_id" | "disk_state" | "disk_fault" | "disk_is_held" | "disk_holder">
  >;
}

export const aWaitingJob = ({
  id,
  gpus,
  userId = 1,
  createdAtMs = 1,
  hours = 1,
  disk,
}: WaitingWish): WaitingJobRow => ({
  reservation_id: id,
  user_id: userId,
  gpu_count: gpus,
  duration_hours: hours,
  created_at_ms: createdAtMs,
  generation: 0,
  pod_name: id,
  current_detailed_status: null,
  is_promised: false,
  disk_id: null,
  disk_name: disk ? "data" : null,
  disk_state: disk ? "ready" : null,
  disk_fault: null,
  disk_is_held: false,
  disk_holder: null,
  ...disk,
});

const HOUR_MS = 3_600_000;

/** Nodes of several sizes, some closed, some with foreign pods, some with more booked than they have; users with quotas and without. */
export function generateRow(seed: number): { row: ClusterTypeRow; rules: OrderRules } {
  const random = generator(seed);
  const pick = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
  const isBySlots = random() < 0.2;
  const nowMs = 100 * HOUR_MS;
  const nodes = Array.from(
    { length: pick(0, 5) },
    (_, index): NodeWish => ({
      name: `n${index}`,
      gpus: isBySlots ? 0 : pick(1, 8),
      slots: isBySlots ? pick(1, 4) : 0,
      cpuMillis: pick(0, 100_000),
      memoryMib: pick(0, 1_000_000),
      foreignGpus: !isBySlots && random() < 0.3 ? pick(0, 3) : 0,
      isReady: random() < 0.9,
      ...(random() < 0.15 && { closedBecause: "firmware" }),
    }),
  );
  const bookings = nodes.flatMap(({ name }) =>
    Array.from({ length: pick(0, 2) }, () => ({
      node: name,
      gpus: isBySlots ? 0 : pick(1, 4),
      userId: pick(1, 3),
      endsAtMs: nowMs + pick(1, 9) * HOUR_MS,
    })),
  );
  const waiting = Array.from({ length: pick(0, 6) }, (_, index) =>
    aWaitingJob({
      id: `j${index}`,
      userId: pick(1, 3),
      gpus: isBySlots ? 0 : pick(1, 8),
      createdAtMs: nowMs - pick(0, 30) * HOUR_MS,
      ...(random() < 0.15 && {
        disk: { disk_id: `d${pick(1, 2)}`, disk_holder: random() < 0.5 ? "another" : null },
      }),
    }),
  );
  const no = { max_jobs: null, max_hours: null, max_disks: null };
  const owners: OwnerRow[] =
    random() < 0.3
      ? [
          {
            user_id: 1,
            quotas: [{ user_id: 1, aws_role: null, gpu_type: "h100", max_gpus: pick(0, 6), ...no }],
            by_type: {},
          },
        ]
      : [];
  const rules: OrderRules = { order: random() < 0.5 ? "fifo" : "fair", maxWaitHours: 24 };
  return { row: aRow({ nodes, bookings, waiting, owners, nowMs }), rules: rules };
}
