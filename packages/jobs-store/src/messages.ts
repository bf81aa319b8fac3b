/**
 * What stands on the queues. The processor reads what the service writes, so both sides take their
 * shapes from here. env_vars are never in a message: a queue's rows and archive are kept in clear.
 */
import { z } from "zod";

const timestamp = z.iso.datetime({ offset: true });

/** Kept for readers that expect it; what counts is PGMQ's own read_ct. */
const metadata = z.object({
  retry_count: z.literal(0),
  created_at: timestamp,
  max_retries: z.literal(3),
});

const aboutJob = {
  job_id: z.string(),
  /** The same as job_id. */
  reservation_id: z.string(),
  /** The user's name; the row knows the user. */
  user_id: z.string(),
  username: z.string(),
  _metadata: metadata,
};

const onJob = { ...aboutJob, requested_at: timestamp };

const createReservation = z.object({
  action: z.literal("create_reservation"),
  ...aboutJob,
  gpu_type: z.string(),
  gpu_count: z.int(),
  github_user: z.string(),
  jupyter_enabled: z.boolean(),
  name: z.string(),
  version: z.literal("0.4.0"),
  dockerimage: z.string(),
  instance_type: z.string(),
  duration_hours: z.number(),
  disk_name: z.string().nullable(),
  disk_size_gb: z.int().nullable(),
  command: z.string().nullable(),
  submitted_at: timestamp,
  created_at: timestamp,
  status: z.literal("queued"),
});

/** On the queue of jobs. */
export const jobMessage = z.discriminatedUnion("action", [
  createReservation,
  z.object({ action: z.literal("cancel"), ...onJob }),
  z.object({ action: z.literal("enable_jupyter"), ...onJob }),
  z.object({ action: z.literal("disable_jupyter"), ...onJob }),
  z.object({ action: z.literal("extend"), ...onJob, extension_hours: z.int() }),
  z.object({ action: z.literal("add_user"), ...onJob, github_username: z.string() }),
]);

const onDisk = {
  operation_id: z.uuid(),
  user_id: z.string(),
  disk_name: z.string(),
  requested_at: timestamp,
  _metadata: metadata,
};

/** On the queue of disks. */
export const diskMessage = z.discriminatedUnion("action", [
  z.object({ action: z.literal("create_disk"), ...onDisk, size_gb: z.int().nullable() }),
  z.object({ action: z.literal("delete_disk"), ...onDisk, delete_date: z.iso.date() }),
  z.object({ action: z.literal("restore_disk"), ...onDisk }),
  z.object({ action: z.literal("rename_disk"), ...onDisk, new_name: z.string() }),
]);

export type JobMessage = z.infer<typeof jobMessage>;
export type DiskMessage = z.infer<typeof diskMessage>;
export type QueueMessage = JobMessage | DiskMessage;

/** @param at RFC 3339. */
export const messageMetadata = (at: string): JobMessage["_metadata"] => ({
  retry_count: 0,
  created_at: at,
  max_retries: 3,
});
