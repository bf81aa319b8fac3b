/**
 * What stands on the queues: "look at this row, this is asked of it". Both sides take its shape from
 * here. The row is the truth, so an order repeats nothing of it, and no secret has a place in one.
 */
import { z } from "zod";

const nothing = z.object({});

/** Who asks, where that is not the job's owner, and why. */
const asker = { by: z.literal("operator").optional(), reason: z.string().optional() };

const onJob = { v: z.literal(1), order_id: z.uuid(), job_id: z.string() };

/** On the queue of jobs. */
export const jobOrder = z.discriminatedUnion("action", [
  z.object({ ...onJob, action: z.literal("create"), arguments: nothing }),
  z.object({ ...onJob, action: z.literal("cancel"), arguments: z.object(asker) }),
  z.object({
    ...onJob,
    action: z.literal("extend"),
    arguments: z.object({ extension_hours: z.number().positive(), ...asker }),
  }),
  z.object({ ...onJob, action: z.literal("enable_jupyter"), arguments: nothing }),
  z.object({ ...onJob, action: z.literal("disable_jupyter"), arguments: nothing }),
  z.object({
    ...onJob,
    action: z.literal("add_user"),
    arguments: z.object({ github_username: z.string() }),
  }),
]);

/** On the queue of disks; its id is the operation's. */
export const diskOrder = z.object({
  v: z.literal(1),
  action: z.enum([
    "create_disk",
    "delete_disk",
    "restore_disk",
    "rename_disk",
    "clone_disk",
    "resize_disk",
    "snapshot_disk",
  ]),
  order_id: z.uuid(),
  /** Missing in what the first release wrote: its operation knows the disk. */
  disk_id: z.uuid().optional(),
  arguments: nothing,
});

export type JobOrder = z.infer<typeof jobOrder>;
export type DiskOrder = z.infer<typeof diskOrder>;
export type Order = JobOrder | DiskOrder;

/** Where a message was found. */
export interface MessagePlace {
  readonly queue: string;
  /** PGMQ's, a 64-bit number in decimal. */
  readonly messageId: string;
}
