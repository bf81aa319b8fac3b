/** GPUs of the cluster on the wire. */
import * as z from "zod";
import { count } from "./numbers.ts";
import { timestamp } from "./timestamp.ts";

const known = z.boolean().meta({
  description:
    "Whether a processor looks at the nodes: until one does, and when none did for 5 minutes, there are 0.",
});

export const GpuAvailability = z
  .object({
    gpu_type: z.string(),
    known,
    total: count,
    available: count.meta({
      description: "That a job could start on now: not what the first one in line waits for.",
    }),
    in_use: count,
    queued: count,
    max_per_node: count.meta({
      description: "The largest job that could ever start on the nodes that there are.",
    }),
    instance_type: z.string(),
    instance_types: z.array(z.string()).meta({ description: "All machines of the type." }),
    cpus: count.meta({ description: "Of one node, as memory_gb." }),
    memory_gb: count,
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
    total_gpus: count,
    available_gpus: count,
    in_use_gpus: count,
    queued_gpus: count,
    active_reservations: count,
    preparing_reservations: count,
    queued_reservations: count,
    pending_reservations: count,
    by_gpu_type: byType,
    timestamp,
  })
  .meta({ id: "ClusterStatus" });

export type GpuAvailability = z.infer<typeof GpuAvailability>;
export type Availability = z.infer<typeof Availability>;
export type ClusterStatus = z.infer<typeof ClusterStatus>;
