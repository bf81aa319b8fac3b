/** The pod of a job that nobody has asked for yet: what jobs asks the processor, which knows how pods are made. */
import * as z from "zod";
import { count } from "./numbers.ts";

export const PodPlan = z
  .object({
    job_id: z.string(),
    pod_name: z.string(),
    /** Null: not known before it starts. */
    node_name: z.string().nullable(),
    image: z.string(),
    owner: z.string(),
    name: z.string().nullable(),
    has_command: z.boolean(),
    keep: z.boolean(),
    gpus: count,
    gpu_type: z.string(),
    cpu_millis: count,
    memory_mib: count,
    disk_id: z.string().nullable(),
  })
  .meta({ id: "PodPlan" });

export const PlannedPod = z
  .object({ pod: z.record(z.string(), z.unknown()) })
  .meta({ id: "PlannedPod" });

export type PodPlan = z.infer<typeof PodPlan>;
