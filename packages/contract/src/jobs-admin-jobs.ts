/** Everybody's jobs as operators see them, on the wire. No token, command or variable is in here. */
import * as z from "zod";
import { ExtendJob, JobStatus, JobsQuery } from "./jobs.ts";
import { reason } from "./jobs-admin-users.ts";
import { count, ordinal, whole } from "./numbers.ts";
import { flagWord, integerWord, limitWord, MAX_PAGE } from "./query-words.ts";
import { timestamp } from "./timestamp.ts";

export const AdminJob = z
  .object({
    job_id: z.string(),
    user_id: ordinal,
    username: z.string(),
    status: JobStatus,
    name: z.string().nullable(),
    image: z.string(),
    gpu_type: z.string(),
    gpu_count: count,
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
    faults: count.meta({ description: "In a row, of whoever worked on it." }),
    last_fault: z.string().nullable(),
  })
  .meta({
    id: "AdminJob",
  });

export const AdminJobs = z
  .object({
    jobs: z.array(AdminJob),
    limit: whole(1, MAX_PAGE),
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
    .meta({ ...integerWord(0, 999_999_999), description: "Only jobs of this user." }),
  node: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, { error: "is no name of a node" })
    .optional()
    .describe("Only jobs that have something booked on this node."),
  stuck: flagWord
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
      seq: ordinal,
      at: timestamp,
      kind: z.string(),
      actor: z.enum(["user", "processor", "operator"]),
      data: z.record(z.string(), z.unknown()),
    }),
  ),
}).meta({ id: "AdminJobDetails", description: "The job with what happened to it, in its order." });

export const AdminCancelJob = z
  .object({ reason: reason.optional() })
  .meta({ id: "AdminCancelJob" })
  .nullish();

export const AdminExtendJob = ExtendJob.extend({ reason: reason.optional() }).meta({
  id: "AdminExtendJob",
});

export type AdminJob = z.infer<typeof AdminJob>;
export type AdminJobs = z.infer<typeof AdminJobs>;
export type AdminJobsQuery = z.infer<typeof AdminJobsQuery>;
export type AdminJobDetails = z.infer<typeof AdminJobDetails>;
