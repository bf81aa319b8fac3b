/** Why a job is where it is and when it will start, on the wire; and what would become of one. */
import * as z from "zod";
import { JobStatus } from "./jobs.ts";
import { count, ordinal } from "./numbers.ts";
import { timestamp } from "./timestamp.ts";

export const REASON_CODES = [
  "starts_now",
  "quota",
  "others_first",
  "no_free_node",
  "drained",
  "too_big",
  "no_nodes",
  "nodes_closed",
  "cluster_unseen",
  "disk_in_use",
  "disk_not_ready",
  "waiting",
  "image",
  "unscheduled",
  "starting",
  "unreachable",
  "running",
  "ending",
  "ended",
  "refused",
] as const;

const reason = z.object({
  code: z.enum(REASON_CODES),
  sentence: z.string(),
});

const start = z
  .object({
    p50: timestamp.meta({ description: "Half of such jobs have started by then." }),
    p90: timestamp.meta({ description: "Nine of ten." }),
  })
  .nullable()
  .meta({ description: "When it gets its node; null where that is not known, or past." });

const outlook = {
  reason,
  remedies: z.array(z.string()).meta({ description: "What its owner can do." }),
  position: ordinal
    .nullable()
    .meta({ description: "Among the jobs of its type that wait in line; 1: nobody is before it." }),
  start,
};

export const JobExplanation = z
  .object({ job_id: z.string(), status: JobStatus, ...outlook })
  .meta({ id: "JobExplanation" });

export const JobPlan = z
  .object({
    admissible: z.boolean().meta({ description: "It would be accepted." }),
    would_start_now: z.boolean(),
    gpu_type: z.string().nullable(),
    gpu_count: count.nullable(),
    duration_hours: z.number(),
    ...outlook,
    pod: z.record(z.string(), z.unknown()).nullable().meta({
      description:
        "The manifest of the pod that would be made, without its Secrets; null where no processor is asked.",
    }),
  })
  .meta({ id: "JobPlan", description: "What would become of this submission now." });

export type JobExplanation = z.infer<typeof JobExplanation>;
export type JobPlan = z.infer<typeof JobPlan>;
