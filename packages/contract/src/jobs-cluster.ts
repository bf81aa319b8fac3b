/** GPUs of the cluster on the wire. */
import * as z from "zod";
import { timestamp } from "./timestamp.ts";

export const GpuAvailability = z
  .object({
    gpu_type: z.string(),
    total: z.int(),
    available: z.int(),
    in_use: z.int(),
    queued: z.int(),
    max_per_node: z.int(),
  })
  .meta({ id: "GpuAvailability", description: "By what jobs have and want, not by nodes." });

const byType = z.record(z.string(), GpuAvailability);

export const Availability = z
  .object({ availability: byType, timestamp })
  .meta({ id: "Availability" });

export const ClusterStatus = z
  .object({
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
