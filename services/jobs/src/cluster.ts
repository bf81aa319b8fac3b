/** How many GPUs there are: what nodes have, and what jobs hold and wait for. */
import type { ClusterStatus, GpuAvailability } from "@airlock/contract";
import {
  type CapacityRow,
  clusterUsage,
  type LiveState,
  type Queryable,
  readCapacity,
  type UsageRow,
} from "@airlock/jobs-store";

/** Those that hold GPUs, or are about to. */
const HOLDING: readonly LiveState[] = ["active", "preparing", "creating_server"];
const WAITING: readonly LiveState[] = ["queued", "pending"];

type ByType = Record<string, GpuAvailability>;

export async function readAvailability(db: Queryable): Promise<ByType> {
  const [capacity, usage] = await Promise.all([readCapacity(db), clusterUsage(db)]);
  return byTypeOf(capacity, usage);
}

export async function readCluster(db: Queryable): Promise<Omit<ClusterStatus, "timestamp">> {
  const [capacity, usage] = await Promise.all([readCapacity(db), clusterUsage(db)]);
  const byType = byTypeOf(capacity, usage);
  // what has slots has no GPUs
  const withGpus = capacity.flatMap(({ gpu_type, max_gpus }) =>
    max_gpus > 0 ? (byType[gpu_type] ?? []) : [],
  );
  // jobs on types that are no longer offered still hold what they hold
  const gpusOf = (states: readonly LiveState[]) => sumOf(usage, states, "gpus");
  const count = (...states: LiveState[]) => sumOf(usage, states, "reservations");
  return {
    known: capacity.some(({ is_known }) => is_known),
    total_gpus: sum(withGpus.map(({ total }) => total)),
    available_gpus: sum(withGpus.map(({ available }) => available)),
    in_use_gpus: gpusOf(HOLDING),
    queued_gpus: gpusOf(WAITING),
    active_reservations: count("active"),
    preparing_reservations: count("preparing", "creating_server"),
    queued_reservations: count("queued"),
    pending_reservations: count("pending"),
    by_gpu_type: byType,
  };
}

function byTypeOf(capacity: readonly CapacityRow[], usage: readonly UsageRow[]): ByType {
  const entries = capacity.map((row) => {
    const { gpu_type, total, free } = row;
    const rows = usage.filter((one) => one.gpu_type === gpu_type);
    const inUse = sumOf(rows, HOLDING, "units");
    // what a job holds may be booked by nobody yet, and what is booked may be on a node that is closed
    const available = Math.max(0, Math.min(free, total - inUse));
    const shown: GpuAvailability = {
      gpu_type,
      known: row.is_known,
      total,
      available,
      in_use: inUse,
      queued: sumOf(rows, WAITING, "units"),
      max_per_node: row.max_per_node,
      instance_type: row.instance_type,
      instance_types: [...row.instance_types],
      cpus: row.cpus,
      memory_gb: row.memory_gb,
    };
    return [gpu_type, shown] as const;
  });
  return Object.fromEntries(entries);
}

const sumOf = (
  usage: readonly UsageRow[],
  states: readonly LiveState[],
  what: "reservations" | "gpus" | "units",
): number => sum(usage.filter((row) => states.includes(row.status)).map((row) => row[what]));
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
