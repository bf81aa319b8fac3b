/** Disks of the jobs API on the wire. */
import * as z from "zod";
import { count } from "./numbers.ts";
import { flagWord } from "./query-words.ts";
import { timestamp } from "./timestamp.ts";

const DISK_NAME = /^[a-zA-Z0-9_-]{1,63}$/;
/** An EBS volume of type gp3 holds no more. */
const MAX_DISK_GB = 16_384;
const sizeGb = z.int().min(1).max(MAX_DISK_GB);

export const isDiskName = (name: string): boolean => DISK_NAME.test(name);

export const CreateDisk = z
  .object({
    disk_name: z.string(),
    size_gb: sizeGb.nullish(),
    from: z
      .object({
        disk: z.string(),
        snapshot: z.uuid().nullish().meta({ description: "Unset: the disk as it is now." }),
      })
      .nullish()
      .meta({ description: "What is on it at first; unset: nothing." }),
  })
  .meta({ id: "CreateDisk" });

export const ResizeDisk = z.object({ size_gb: sizeGb }).meta({ id: "ResizeDisk" });

export const RenameDisk = z.object({ new_name: z.string() }).meta({ id: "RenameDisk" });

export const DiskRequested = z
  .object({
    operation_id: z.uuid(),
    disk_name: z.string(),
    action: z.enum(["create", "clone", "delete", "restore", "resize", "snapshot"]),
    message: z.string(),
    requested_at: timestamp,
  })
  .meta({ id: "DiskRequested", description: "Accepted; the operation tells how it goes on." });

export const DiskRenamed = z
  .object({
    message: z.string(),
    old_name: z.string(),
    new_name: z.string(),
    snapshots_updated: count.meta({ description: "Always 0: they are known by the disk's id." }),
    operation_id: z.uuid(),
  })
  .meta({ id: "DiskRenamed" });

export const Disk = z
  .object({
    disk_id: z.uuid().meta({ description: "Stays, whatever it is called." }),
    disk_name: z.string(),
    user_id: z.string().meta({ description: "The owner's name." }),
    state: z.enum(["creating", "ready", "attached", "snapshotting", "failed", "deleted"]),
    size_gb: count.nullable().meta({ description: "What it has, not what is asked for." }),
    disk_size: z
      .string()
      .nullable()
      .meta({ description: "How much is used, as du says it, by the newest listing: 1.2G." }),
    created_at: timestamp.nullable(),
    last_used: timestamp.nullable(),
    in_use: z.boolean(),
    reservation_id: z.string().nullable().meta({ description: "The job that has it mounted." }),
    is_backing_up: z.boolean().meta({ description: "A snapshot of it is being made." }),
    is_deleted: z.boolean(),
    snapshot_count: count.meta({ description: "Of those that are ready." }),
    last_snapshot_at: timestamp.nullable(),
    warning: z
      .string()
      .nullable()
      .meta({ description: "What goes wrong with its volume, or with its newest snapshot." }),
    delete_date: z.iso.date().optional().meta({ description: "Until then it can be restored." }),
  })
  .meta({ id: "Disk" });

export const DisksQuery = z.strictObject({
  deleted: flagWord.optional().describe("Those that are deleted and can be restored, instead."),
});

export const Disks = z.object({ disks: z.array(Disk), total: count }).meta({ id: "Disks" });

export const DiskOperation = z
  .object({
    operation_id: z.uuid(),
    disk_name: z.string(),
    action: z.enum(["create", "clone", "delete", "restore", "rename", "resize", "snapshot"]),
    status: z.enum(["queued", "running", "completed", "failed"]),
    error: z.string().nullable(),
    snapshot_id: z.uuid().nullable().meta({ description: "That it has made." }),
    is_deleted: z.boolean(),
    delete_date: z.iso.date().nullable(),
    created_at: timestamp,
    last_updated: timestamp,
    completed: z.boolean().meta({ description: "It has ended, well or not." }),
  })
  .meta({ id: "DiskOperation" });

export const DiskContent = z
  .object({
    disk_name: z.string(),
    content: z.string().nullable().meta({ description: "What du and a tree three deep show." }),
    s3_path: z.string().nullable().meta({ description: "Always null: the listing is here." }),
    snapshot_date: timestamp.nullable().meta({ description: "Of the snapshot that was read." }),
    message: z.string().nullable().meta({ description: "Why there is no content." }),
  })
  .meta({ id: "DiskContent", description: "The newest listing of what is on a disk." });

export const DiskSnapshot = z
  .object({
    snapshot_id: z.uuid(),
    state: z.enum(["creating", "ready", "failed", "deleting"]),
    reason: z
      .enum(["job", "asked", "clone"])
      .meta({ description: "The end of a job, its owner, or another disk that is made of it." }),
    reservation_id: z
      .string()
      .nullable()
      .meta({ description: "The job at whose end it was made." }),
    size_gb: count.nullable(),
    created_at: timestamp,
    ready_at: timestamp.nullable(),
    error: z.string().nullable(),
    has_content: z.boolean().meta({ description: "What is in it was listed." }),
  })
  .meta({ id: "DiskSnapshot" });

export const DiskSnapshots = z
  .object({ snapshots: z.array(DiskSnapshot), total: count })
  .meta({ id: "DiskSnapshots" });

export type CreateDisk = z.infer<typeof CreateDisk>;
export type ResizeDisk = z.infer<typeof ResizeDisk>;
export type DiskRequested = z.infer<typeof DiskRequested>;
export type DiskRenamed = z.infer<typeof DiskRenamed>;
export type Disk = z.infer<typeof Disk>;
export type Disks = z.infer<typeof Disks>;
export type DiskOperation = z.infer<typeof DiskOperation>;
export type DiskContent = z.infer<typeof DiskContent>;
export type DiskSnapshot = z.infer<typeof DiskSnapshot>;
export type DiskSnapshots = z.infer<typeof DiskSnapshots>;
