/** Everybody's jobs as operators see them, on the wire. No token, command or variable is in here. */
import * as z from "zod";
import { ExtendJob, JobStatus, JobsQuery } from "./jobs.ts";
import { reason } from "./jobs-admin-users.ts";
import { limitWord } from "./query-words.ts";
import { timestamp } from "./timestamp.ts";

export const AdminJob = z
  .object({
    job_id: z.string(),
    user_id: z.int(),
    username: z.string(),
    status: JobStatus,
    name: z.string().nullable(),
    image: z.string(),
    gpu_type: z.string(),
    gpu_count: z.int(),
    duration_hours: z.number(),
    created_at: timestamp,
    launched_at: timestamp.nullable(),
    expires_at: timestamp.nullable(),
    ended_at: timestamp.nullable(),
    pod_name: z.string(),
    node_name: z.string().nullable().meta({ description: "While something is booked for it." }),
    current_detailed_status: z.string().nullable(),
    failure_reason: z.string().nullable(),
    end_as: z.string().nullable().meta({ description: "It is to end, with this word." }),
    is_cleaned: z.boolean().meta({ description: "Nothing of it is left in the cluster." }),
    due_at: timestamp.nullable().meta({ description: "When a processor looks at it next." }),
    lease_until: timestamp.nullable().meta({ description: "A processor has it until then." }),
    faults: z.int().meta({ description: "In a row, of whoever worked on it." }),
    last_fault: z.string().nullable(),
  })
  .meta({
    id: "AdminJob",
    example: {
      job_id: "3f2a91bc-0d1e-4f6a-9b7c-5d8e2f1a4b60",
      user_id: 7,
      username: "alice-example.com",
      status: "queued",
      name: "train",
      image: "pytorch/pytorch:2.8.0",
      gpu_type: "h100",
      gpu_count: 4,
      duration_hours: 4,
      created_at: "2026-01-15T16:30:00.000Z",
      launched_at: null,
      expires_at: null,
      ended_at: null,
      pod_name: "gpu-dev-3f2a91bc-0123456789abcdef",
      node_name: null,
      current_detailed_status: "Waits for 4 × h100 on one node.",
      failure_reason: null,
      end_as: null,
      is_cleaned: false,
      due_at: "2026-01-15T16:31:00.000Z",
      lease_until: null,
      faults: 0,
      last_fault: null,
    },
  });

export const AdminJobs = z
  .object({
    jobs: z.array(AdminJob),
    limit: z.int(),
    next_cursor: z.string().nullable().meta({ description: "null on the last page." }),
  })
  .meta({ id: "AdminJobs", description: "Jobs of all users, newest first." });

const { status, gpu_type, since, cursor } = JobsQuery.shape;

export const AdminJobsQuery = z.strictObject({
  status,
  gpu_type,
  since,
  user_id: z
    .string()
    .regex(/^\d{1,9}$/, { error: "is no number of a user" })
    .transform(Number)
    .optional()
    .describe("Only jobs of this user."),
  node: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, { error: "is no name of a node" })
    .optional()
    .describe("Only jobs that have something booked on this node."),
  stuck: z
    .enum(["true", "false"])
    .transform((text) => text === "true")
    .optional()
    .describe(
      "Only jobs with which something goes wrong: faults, no processor that looks at them, or an end that does not come.",
    ),
  limit: limitWord.default(100),
  cursor,
});

export const AdminJobDetails = AdminJob.extend({
  events: z.array(
    z.object({
      seq: z.int(),
      at: timestamp,
      kind: z.string(),
      actor: z.enum(["user", "processor", "operator"]),
      data: z.record(z.string(), z.unknown()),
    }),
  ),
}).meta({ id: "AdminJobDetails", description: "The job with what happened to it, in its order." });

export const AdminCancelJob = z
  .object({ reason: reason.optional() })
  .meta({ id: "AdminCancelJob", example: { reason: "The node is taken out of service." } })
  .nullish();

export const AdminExtendJob = ExtendJob.extend({ reason: reason.optional() }).meta({
  id: "AdminExtendJob",
  example: { extension_hours: 2 },
});

export type AdminJob = z.infer<typeof AdminJob>;
export type AdminJobs = z.infer<typeof AdminJobs>;
export type AdminJobsQuery = z.infer<typeof AdminJobsQuery>;
export type AdminJobDetails = z.infer<typeof AdminJobDetails>;
