/** Jobs on the wire: what is asked for, and what becomes of it. */
import * as z from "zod";
import { isImageReference } from "./image-reference.ts";
import { GITHUB_NAME, JobEnvVars } from "./jobs-env-vars.ts";
import { count, ordinal, port, whole } from "./numbers.ts";
import { cursorWord, integerWord } from "./query-words.ts";
import { parseSshPublicKey, SSH_KEY_TYPES } from "./ssh-public-key.ts";
import { timestamp } from "./timestamp.ts";

/** Five minutes, as the seed's client writes them. */
const MIN_HOURS = 0.0833;
/** A year: what is allowed here is a setting. */
const MAX_HOURS = 8760;
const MAX_JOBS_PAGE = 500;

export const JOB_STATUSES = [
  "queued",
  "pending",
  "preparing",
  "creating_server",
  "active",
  "completed",
  "expired",
  "cancelled",
  "failed",
] as const;
export const JobStatus = z.enum(JOB_STATUSES);
export type JobStatus = z.infer<typeof JobStatus>;

const commandText = z
  .string()
  .max(16_384)
  .refine((text) => !text.includes("\0") && text.isWellFormed(), { error: "is no text" });

const hours = z
  .number()
  .min(MIN_HOURS, { error: "must be five minutes (0.0833) at least" })
  .max(MAX_HOURS);

const MAX_PORTS = 10;
const portNumber = z.int().min(1).max(65_535);

const MAX_SSH_KEYS = 10;
const sshPublicKey = z.string().transform((text, context) => {
  const line = parseSshPublicKey(text);
  if (line !== undefined) return line;
  const kinds = SSH_KEY_TYPES.join(", ");
  context.addIssue({
    code: "custom",
    message: `is no SSH public key: one line of type, base64 and a comment, without options; ${kinds}`,
  });
  return z.NEVER;
});

/** Further members are ignored, as clients of all versions send them. */
export const SubmitJob = z
  .object({
    image: z
      .string()
      .refine(isImageReference, { error: "is no name of an image, such as pytorch/pytorch:latest" })
      .nullish()
      .describe("Left out, it is the installation's own, where it has one."),
    instance_type: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,99}$/, { error: "is no instance type" })
      .nullish()
      .describe("Left out, `env_vars.GPU_TYPE` says it."),
    duration_hours: hours.default(1),
    disk_name: z
      .string()
      .regex(/^[a-zA-Z0-9_-]{1,63}$/, { error: "is no name of a disk" })
      .nullish(),
    disk_size_gb: z.int().min(10).max(10_000).nullish(),
    env_vars: JobEnvVars.nullish(),
    ssh_public_keys: z
      .array(sshPublicKey)
      .max(MAX_SSH_KEYS)
      .nullish()
      .describe("Who may log in, beside the keys of `env_vars.GITHUB_USER`."),
    ports: z
      .array(portNumber)
      .max(MAX_PORTS)
      .transform((ports) => [...new Set(ports)])
      .nullish()
      .describe("Ports of the job that tunnels may reach, beside 22 and 8888."),
    command: commandText.nullish(),
    keep: z.boolean().nullish().meta({ description: "The job goes on after its command." }),
  })
  .meta({ id: "SubmitJob" });

export const JobSubmitted = z
  .object({
    job_id: z.string(),
    status: JobStatus,
    message: z.string(),
    estimated_start_time: timestamp
      .nullable()
      .meta({ description: "Half of such jobs have started by then; null while it is not known." }),
  })
  .meta({ id: "JobSubmitted", description: "It is in the database and on its queue." });

/** A member that is optional is left out where there is nothing to say: clients trip over null. */
export const Job = z
  .object({
    job_id: z.string(),
    reservation_id: z.string().meta({ description: "The same as job_id." }),
    user_id: z.string().meta({ description: "The owner's name." }),
    status: JobStatus,
    gpu_type: z.string(),
    gpu_count: count,
    instance_type: z.string(),
    image: z.string(),
    duration_hours: z.number(),
    created_at: timestamp,
    expires_at: timestamp.nullable(),
    name: z.string().nullable(),
    pod_name: z.string(),
    node_ip: z.string().nullable(),
    node_port: port.nullable(),
    ssh_command: z
      .string()
      .nullable()
      .meta({ description: "Text that begins with `ssh ` while active." }),
    ssh_host_keys: z
      .array(z.string())
      .optional()
      .meta({ description: "Whom to expect there: lines of known_hosts without the host." }),
    ports: z.array(port).optional().meta({ description: "What the job declared, for tunnels." }),
    jupyter_enabled: z.boolean(),
    jupyter_url: z.string().nullable(),
    jupyter_token: z.string().nullable(),
    github_user: z.string(),
    secondary_users: z.array(z.string()),
    oom_count: count,
    launched_at: timestamp.optional(),
    fqdn: z.string().optional(),
    failure_reason: z.string().optional(),
    current_detailed_status: z.string().optional(),
    queue_position: ordinal
      .optional()
      .meta({ description: "While it waits in line; 1: nobody is before it." }),
    estimated_wait_minutes: count
      .optional()
      .meta({ description: "Half of such jobs have started by then." }),
    pod_logs: z.string().optional().meta({ description: "Of one job, not in lists." }),
    warning: z.string().optional(),
    disk_name: z.string().optional(),
    ebs_volume_id: z.string().optional(),
    last_oom_at: timestamp.optional(),
    jupyter_port: port.optional(),
    jupyter_error: z.string().optional(),
    extension_error: z.string().optional(),
    add_user_error: z.string().optional(),
  })
  .meta({ id: "Job" });

export const Jobs = z
  .object({
    jobs: z.array(Job),
    total: count.optional().meta({ description: "On all pages; not told with a cursor." }),
    limit: whole(1, MAX_JOBS_PAGE),
    offset: count,
    next_cursor: z.string().nullable().meta({ description: "null on the last page." }),
  })
  .meta({ id: "Jobs", description: "The user's jobs, newest first." });

const STATUS_WORDS = JOB_STATUSES.join(", ");

const numberWord = (min: number, max: number) => {
  const error = `must be a number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,7}$/, { error })
    .transform(Number)
    .pipe(z.int().min(min, { error }).max(max, { error }))
    .meta(integerWord(min, max));
};

export const JobsQuery = z
  .strictObject({
    status: z
      .string()
      .transform((text) => text.split(",").map((word) => word.trim()))
      .transform((words) => words.filter((word) => word !== ""))
      .pipe(
        z
          .array(z.enum(JOB_STATUSES, { error: `is none of ${STATUS_WORDS}` }))
          .min(1, { error: `names none of ${STATUS_WORDS}; without it all are listed` }),
      )
      .optional()
      .describe("Only jobs in one of these states, by comma."),
    gpu_type: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,49}$/, { error: "is no GPU type" })
      .transform((type) => type.toLowerCase())
      .optional()
      .describe("Only jobs with these GPUs."),
    since: z.iso
      .datetime({ offset: true, error: "must be like 2026-01-15T16:30:00Z" })
      .transform((text) => new Date(text))
      .optional()
      .describe("Only jobs made then or later."),
    limit: numberWord(1, MAX_JOBS_PAGE).default(50).describe("Most jobs on a page, 1 to 500."),
    offset: numberWord(0, 1_000_000).default(0).describe("Jobs to leave out; a cursor is exact."),
    cursor: cursorWord.optional(),
  })
  .refine(({ cursor, offset }) => cursor === undefined || offset === 0, {
    path: ["offset"],
    error: "does not go with cursor",
  });

export const ExtendJob = z.object({ extension_hours: hours }).meta({ id: "ExtendJob" });

export const AddJobUser = z
  .object({
    github_username: z.string().regex(GITHUB_NAME, { error: "is no GitHub user name" }),
  })
  .meta({ id: "AddJobUser" });

export const JobActionRequested = z
  .object({
    job_id: z.string(),
    action: z.enum(["cancel", "extend", "enable_jupyter", "disable_jupyter", "add_user"]),
    status: z.literal("requested"),
    message: z.string(),
  })
  .meta({ id: "JobActionRequested", description: "On the queue; the job shows what came of it." });

export type SubmitJob = z.infer<typeof SubmitJob>;
export type JobSubmitted = z.infer<typeof JobSubmitted>;
export type Job = z.infer<typeof Job>;
export type Jobs = z.infer<typeof Jobs>;
export type JobsQuery = z.infer<typeof JobsQuery>;
export type JobActionRequested = z.infer<typeof JobActionRequested>;
