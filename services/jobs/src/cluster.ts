/** How many GPUs there are: what nodes have, and what jobs hold and wait for. */
import type { ClusterStatus, GpuAvailability } from "@airlock/contract";
import { type TypeAvailability, type TypeView, typeAvailabilityOf } from "@airlock/jobs-store";

type Cluster = Omit<ClusterStatus, "timestamp">;

export function clusterOf(views: readonly TypeView[]): Cluster {
  const types = views.map(typeAvailabilityOf);
  const offered = types.filter(({ is_active }) => is_active);
  // what has slots has no GPUs
  const total = (
    of: readonly TypeAvailability[],
    what: "total" | "available" | "in_use" | "queued",
  ) => sum(of.filter(({ max_gpus }) => max_gpus > 0).map((type) => type[what]));
  const count = (...states: (keyof TypeAvailability["jobs"])[]) =>
    sum(types.flatMap(({ jobs }) => states.map((state) => jobs[state] ?? 0)));
  return {
    known: types.some(({ is_seen }) => is_seen),
    total_gpus: total(offered, "total"),
    available_gpus: total(offered, "available"),
    // jobs on types that are no longer offered still hold what they hold
    in_use_gpus: total(types, "in_use"),
    queued_gpus: total(types, "queued"),
    active_reservations: count("active"),
    preparing_reservations: count("preparing", "creating_server"),
    queued_reservations: count("queued"),
    pending_reservations: count("pending"),
    by_gpu_type: Object.fromEntries(offered.map((type) => [type.gpu_type, shownType(type)])),
  };
}

const shownType = (type: TypeAvailability): GpuAvailability => ({
  gpu_type: type.gpu_type,
  known: type.is_seen,
  total: type.total,
  available: type.available,
  in_use: type.in_use,
  queued: type.queued,
  max_per_node: type.max_per_node,
  instance_type: type.instance_type,
  instance_types: [...type.instance_types],
  cpus: type.cpus,
  memory_gb: type.memory_gb,
});

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
