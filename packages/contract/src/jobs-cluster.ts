/** GPUs of the cluster on the wire. */
import * as z from "zod";
import { timestamp } from "./timestamp.ts";

const known = z.boolean().meta({
  description:
    "Whether a processor looks at the nodes: until one does, and when none did for 5 minutes, there are 0.",
});

export const GpuAvailability = z
  .object({
    gpu_type: z.string(),
    known,
    total: z.int(),
    available: z.int().meta({
      description: "That a job could start on now: not what the first one in line waits for.",
    }),
    in_use: z.int(),
    queued: z.int(),
    max_per_node: z.int().meta({
      description: "The largest job that could ever start on the nodes that there are.",
    }),
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
    known,
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
