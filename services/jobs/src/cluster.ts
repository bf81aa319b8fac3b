/** How many GPUs there are, by what jobs have and want. */
import type { ClusterStatus, GpuAvailability } from "@airlock/contract";
import {
  clusterUsage,
  type GpuTypeRow,
  type LiveState,
  listGpuTypes,
  type Queryable,
  type UsageRow,
} from "@airlock/jobs-store";

/** Those that hold GPUs, or are about to. */
const HOLDING: readonly LiveState[] = ["active", "preparing", "creating_server"];
const WAITING: readonly LiveState[] = ["queued", "pending"];

type ByType = Record<string, GpuAvailability>;

export async function readAvailability(db: Queryable): Promise<ByType> {
  const [types, usage] = await Promise.all([listGpuTypes(db), clusterUsage(db)]);
  return byTypeOf(types, usage);
}

export async function readCluster(db: Queryable): Promise<Omit<ClusterStatus, "timestamp">> {
  const [types, usage] = await Promise.all([listGpuTypes(db), clusterUsage(db)]);
  const total = sum(types.map((type) => type.total_cluster_gpus));
  // jobs on types that are no longer offered still hold what they hold
  const inUse = gpusOf(usage, HOLDING);
  const count = (...states: LiveState[]) =>
    sum(usage.filter((row) => states.includes(row.status)).map((row) => row.reservations));
  return {
    total_gpus: total,
    available_gpus: Math.max(0, total - inUse),
    in_use_gpus: inUse,
    queued_gpus: gpusOf(usage, WAITING),
    active_reservations: count("active"),
    preparing_reservations: count("preparing", "creating_server"),
    queued_reservations: count("queued"),
    pending_reservations: count("pending"),
    by_gpu_type: byTypeOf(types, usage),
  };
}

function byTypeOf(types: readonly GpuTypeRow[], usage: readonly UsageRow[]): ByType {
  const entries = types.map(({ gpu_type, total_cluster_gpus: total, max_per_node }) => {
    const rows = usage.filter((row) => row.gpu_type === gpu_type);
    const inUse = gpusOf(rows, HOLDING);
    const available = Math.max(0, total - inUse);
    const queued = gpusOf(rows, WAITING);
    return [gpu_type, { gpu_type, total, available, in_use: inUse, queued, max_per_node }] as const;
  });
  return Object.fromEntries(entries);
}

const gpusOf = (usage: readonly UsageRow[], states: readonly LiveState[]): number =>
  sum(usage.filter((row) => states.includes(row.status)).map((row) => row.gpus));
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
