/** Disks of the jobs API on the wire. */
import * as z from "zod";
import { timestamp } from "./timestamp.ts";

const DISK_NAME = /^[a-zA-Z0-9_-]{1,63}$/;
/** An EBS volume of type gp3 holds no more. */
const MAX_DISK_GB = 16_384;

export const isDiskName = (name: string): boolean => DISK_NAME.test(name);

export const CreateDisk = z
  .object({
    disk_name: z.string(),
    size_gb: z.int().min(1).max(MAX_DISK_GB).nullish(),
  })
  .meta({ id: "CreateDisk" });

export const RenameDisk = z.object({ new_name: z.string() }).meta({ id: "RenameDisk" });

export const DiskRequested = z
  .object({
    operation_id: z.uuid(),
    disk_name: z.string(),
    action: z.enum(["create", "delete", "restore"]),
    message: z.string(),
    requested_at: timestamp,
  })
  .meta({ id: "DiskRequested", description: "Accepted; the operation tells how it goes on." });

export const DiskRenamed = z
  .object({
    message: z.string(),
    old_name: z.string(),
    new_name: z.string(),
    snapshots_updated: z.int().meta({ description: "Always 0: they are renamed afterwards." }),
    operation_id: z.uuid(),
  })
  .meta({ id: "DiskRenamed" });

export const Disk = z
  .object({
    disk_name: z.string(),
    user_id: z.string().meta({ description: "The owner's name." }),
    size_gb: z.int().nullable(),
    created_at: timestamp.nullable(),
    last_used: timestamp.nullable(),
    in_use: z.boolean(),
    reservation_id: z.string().nullable().meta({ description: "The job that has it mounted." }),
    is_backing_up: z.boolean(),
    is_deleted: z.boolean(),
    snapshot_count: z.int(),
    delete_date: z.iso.date().optional().meta({ description: "Until then it can be restored." }),
  })
  .meta({ id: "Disk" });

export const Disks = z.object({ disks: z.array(Disk), total: z.int() }).meta({ id: "Disks" });

export const DiskOperation = z
  .object({
    operation_id: z.uuid(),
    disk_name: z.string(),
    action: z.enum(["create", "delete", "restore", "rename"]),
    status: z.enum(["queued", "running", "completed", "failed"]),
    error: z.string().nullable(),
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
    content: z.string().nullable(),
    s3_path: z.string().nullable(),
    snapshot_date: timestamp.nullable(),
    message: z.string().nullable(),
  })
  .meta({ id: "DiskContent", description: "Where the listing of the newest snapshot is." });

export type CreateDisk = z.infer<typeof CreateDisk>;
export type DiskRequested = z.infer<typeof DiskRequested>;
export type DiskRenamed = z.infer<typeof DiskRenamed>;
export type Disk = z.infer<typeof Disk>;
export type Disks = z.infer<typeof Disks>;
export type DiskOperation = z.infer<typeof DiskOperation>;
export type DiskContent = z.infer<typeof DiskContent>;
