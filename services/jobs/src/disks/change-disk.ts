/** Changes of a disk: noted at once, carried out by the processor. */
import { randomUUID } from "node:crypto";
import { type DiskRenamed, type DiskRequested, isDiskName, ProblemError } from "@airlock/contract";
import {
  type DiskAction,
  type DiskOrder,
  type DiskRow,
  findJobWantingDisk,
  insertDisk,
  insertDiskOperation,
  lockDisk,
  markDiskDeleted,
  renameDisk,
  restoreDisk,
  sendOrder,
  type Transaction,
} from "@airlock/jobs-store";
import { demandDiskQuota } from "../jobs/quota.ts";
import { isConflict } from "../races.ts";
import { isoTime } from "../times.ts";
import type { User } from "../users.ts";

export interface DiskChange {
  readonly user: User;
  readonly diskName: string;
  readonly queue: string;
}

/** How long a deleted disk can be restored. */
const KEEP_DAYS = 30;

/** Both run in a transaction. @throws ProblemError invalid_disk_name, disk_exists, quota_exceeded. */
export async function createDisk(
  transaction: Transaction,
  change: DiskChange & { readonly sizeGb: number },
): Promise<DiskRequested> {
  const { user, diskName, sizeGb } = change;
  demandDiskName(diskName);
  await demandDiskQuota(transaction, user);
  const diskId = await insertDisk(transaction, { userId: user.userId, diskName, sizeGb }).catch(
    refuseTakenName(diskName),
  );
  const noted = await note(transaction, change, { diskId, action: "create" });
  return { ...noted, action: "create", message: "Disk creation request queued successfully" };
}

/** @throws ProblemError disk_not_found, disk_deleted, disk_in_use. */
export async function deleteDisk(
  transaction: Transaction,
  change: DiskChange,
): Promise<DiskRequested> {
  const { disk_id: diskId } = await demandUnusedDisk(transaction, change);
  const wantedBy = await findJobWantingDisk(transaction, diskId);
  if (wantedBy !== undefined) throw inUse(change.diskName, wantedBy);
  const deleteDate = await markDiskDeleted(transaction, { diskId, keepDays: KEEP_DAYS });
  if (deleteDate === undefined) throw deleted(change.diskName);
  const noted = await note(transaction, change, { diskId, action: "delete" });
  const message = `Disk deletion request queued successfully. Will be deleted on ${deleteDate}`;
  return { ...noted, action: "delete", message };
}

/** @throws ProblemError disk_not_found, disk_not_deleted, quota_exceeded; disk_deleted when its day has come. */
export async function undeleteDisk(
  transaction: Transaction,
  change: DiskChange,
): Promise<DiskRequested> {
  const { diskName } = change;
  const disk = await demandDisk(transaction, change);
  if (!disk.is_deleted) {
    throw new ProblemError("disk_not_deleted", `Disk '${diskName}' is not marked for deletion`);
  }
  await demandDiskQuota(transaction, change.user);
  const diskId = disk.disk_id;
  if (!(await restoreDisk(transaction, diskId))) throw deleted(diskName);
  const noted = await note(transaction, change, { diskId, action: "restore" });
  return { ...noted, action: "restore", message: "Disk restore request queued successfully" };
}

/** @throws ProblemError invalid_disk_name, disk_not_found, disk_deleted, disk_in_use, disk_exists. */
export async function giveDiskName(
  transaction: Transaction,
  change: DiskChange & { readonly newName: string },
): Promise<DiskRenamed> {
  const { diskName, newName } = change;
  demandDiskName(newName);
  const { disk_id: diskId } = await demandUnusedDisk(transaction, change);
  if (newName === diskName) throw taken(newName);
  await renameDisk(transaction, { diskId, newName }).catch(refuseTakenName(newName));
  const noted = await note(transaction, change, { diskId, action: "rename" });
  return {
    message: `Disk renamed from '${diskName}' to '${newName}'`,
    old_name: diskName,
    new_name: newName,
    snapshots_updated: 0,
    operation_id: noted.operation_id,
  };
}

/** What the processor is told. */
const ORDERS: { readonly [A in DiskAction]: DiskOrder["action"] } = {
  create: "create_disk",
  delete: "delete_disk",
  restore: "restore_disk",
  rename: "rename_disk",
};

async function note(
  transaction: Transaction,
  { diskName, queue }: DiskChange,
  { diskId, action }: { readonly diskId: string; readonly action: DiskAction },
): Promise<Pick<DiskRequested, "operation_id" | "disk_name" | "requested_at">> {
  const operationId = randomUUID();
  const at = await insertDiskOperation(transaction, { operationId, diskId, action });
  const order: DiskOrder = {
    v: 1,
    action: ORDERS[action],
    order_id: operationId,
    disk_id: diskId,
    arguments: {},
  };
  await sendOrder(transaction, { queue, order });
  return { operation_id: operationId, disk_name: diskName, requested_at: isoTime(at) };
}

async function demandDisk(
  transaction: Transaction,
  { user, diskName }: DiskChange,
): Promise<DiskRow> {
  const { userId } = user;
  const disk = isDiskName(diskName) && (await lockDisk(transaction, { userId, diskName }));
  if (!disk) throw diskNotFound(diskName);
  return disk;
}

async function demandUnusedDisk(transaction: Transaction, change: DiskChange): Promise<DiskRow> {
  const disk = await demandDisk(transaction, change);
  if (disk.is_deleted) throw deleted(change.diskName);
  if (disk.reservation_id === null) return disk;
  throw inUse(change.diskName, disk.reservation_id);
}

function demandDiskName(name: string): void {
  if (isDiskName(name)) return;
  throw new ProblemError(
    "invalid_disk_name",
    "Disk name must contain only letters, numbers, hyphens, and underscores, 63 at most",
  );
}

const refuseTakenName =
  (name: string) =>
  (error: unknown): never => {
    throw isConflict(error, "disks_name") ? taken(name) : error;
  };

const taken = (name: string) =>
  new ProblemError("disk_exists", `Disk '${name}' already exists, or waits for its deletion`);
const inUse = (name: string, reservationId: string) =>
  new ProblemError(
    "disk_in_use",
    `Disk '${name}' is currently in use by reservation ${reservationId}`,
  );
export const deleted = (name: string) =>
  new ProblemError("disk_deleted", `Disk '${name}' is marked for deletion`);

/** A name that no disk can have is not repeated. */
export const diskNotFound = (name: string) =>
  new ProblemError(
    "disk_not_found",
    isDiskName(name) ? `Disk '${name}' not found` : "Disk not found",
  );
