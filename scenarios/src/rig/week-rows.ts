/** A moment of a simulated cluster, as the database would tell it. */
import { type ClusterTypeRow, shareOf } from "@airlock/jobs-store";
import { HOUR_MS, type MachineType, type WeekJob } from "./week-jobs.ts";

export interface WeekNode {
  readonly name: string;
  readonly type: MachineType;
  isReady: boolean;
}

export function rowOf(
  type: MachineType,
  nodes: readonly WeekNode[],
  running: ReadonlySet<WeekJob>,
  waiting: ReadonlySet<WeekJob>,
  nowMs: number,
): ClusterTypeRow {
  const size = { gpus: type.gpus, cpuMillis: 96_000, memoryMib: 1_000_000, slots: type.slots };
  const amounts = {
    gpus: size.gpus,
    cpu_millis: size.cpuMillis,
    memory_mib: size.memoryMib,
    slots: size.slots,
  };
  return {
    gpu_type: type.name,
    instance_type: type.name,
    instance_types: [type.name],
    max_gpus: type.gpus,
    cpus: 96,
    memory_gb: 1000,
    is_active: true,
    is_seen: true,
    nodes: nodes.map(({ name, isReady }) => ({
      node_name: name,
      ...amounts,
      is_ready: isReady,
      is_schedulable: true,
      closed_because: null,
      foreign_gpus: 0,
      foreign_cpu_millis: 0,
      foreign_memory_mib: 0,
      unbooked_gpus: 0,
      unbooked_cpu_millis: 0,
      unbooked_memory_mib: 0,
      unbooked_slots: 0,
    })),
    bookings: [...running].map((job) => {
      const { gpus, cpuMillis, memoryMib, slots } = shareOf(size, job.gpus);
      const startedAtMs = job.startedAtMs ?? nowMs;
      return {
        reservation_id: job.id,
        user_id: job.userId,
        username: `user-${job.userId}`,
        generation: 1,
        node_name: job.node ?? "",
        gpus,
        cpu_millis: cpuMillis,
        memory_mib: memoryMib,
        slots,
        ends_at_ms: Math.max(nowMs, startedAtMs + job.hours * HOUR_MS),
        is_ending: false,
        launched_at_ms: startedAtMs,
        duration_hours: job.hours,
      };
    }),
    waiting: [...waiting].map((job) => ({
      reservation_id: job.id,
      user_id: job.userId,
      gpu_count: job.gpus,
      duration_hours: job.hours,
      created_at_ms: job.cameAtMs,
      generation: 0,
      pod_name: job.id,
      current_detailed_status: null,
      is_promised: false,
      disk_id: null,
      disk_name: null,
      disk_state: null,
      disk_fault: null,
      disk_is_held: false,
      disk_holder: null,
    })),
    not_considered: 0,
    owners: [],
    jobs: {},
    now_ms: nowMs,
  };
}
