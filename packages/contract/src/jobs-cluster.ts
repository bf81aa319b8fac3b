/** GPUs of the cluster on the wire. */
import * as z from "zod";
import { timestamp } from "./timestamp.ts";

export const GpuAvailability = z
  .object({
    gpu_type: z.string(),
    known: z.boolean().meta({ description: "Whether nodes were seen; until then there are 0." }),
    total: z.int(),
    available: z.int(),
    in_use: z.int(),
    queued: z.int(),
    max_per_node: z.int(),
    instance_type: z.string(),
    instance_types: z.array(z.string()).meta({ description: "All machines of the type." }),
    cpus: z.int().meta({ description: "Of one node, as memory_gb." }),
    memory_gb: z.int(),
  })
  .meta({
    id: "GpuAvailability",
    description: "In GPUs; of machines without, in jobs that they take.",
  });

const byType = z.record(z.string(), GpuAvailability);

export const Availability = z
  .object({ availability: byType, timestamp })
  .meta({ id: "Availability" });

export const ClusterStatus = z
  .object({
    known: z.boolean().meta({ description: "Whether nodes were seen; until then there are 0." }),
    total_gpus: z.int(),
    available_gpus: z.int(),
    in_use_gpus: z.int(),
    queued_gpus: z.int(),
    active_reservations: z.int(),
    preparing_reservations: z.int(),
    queued_reservations: z.int(),
    pending_reservations: z.int(),
    by_gpu_type: byType,
    timestamp,
  })
  .meta({ id: "ClusterStatus" });

export type GpuAvailability = z.infer<typeof GpuAvailability>;
export type Availability = z.infer<typeof Availability>;
export type ClusterStatus = z.infer<typeof ClusterStatus>;
