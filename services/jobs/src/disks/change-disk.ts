/** Changes of a disk: noted at once, carried out by the processor. */
import { randomUUID } from "node:crypto";
import {
  type CreateDisk,
  type DiskRenamed,
  type DiskRequested,
  isDiskName,
  ProblemError,
} from "@airlock/contract";
import {
  type DiskAction,
  type DiskOrder,
  type DiskRow,
  type DiskSource,
  findJobWantingDisk,
  findOpenOperation,
  findSnapshot,
  insertDisk,
  insertDiskOperation,
  lockDisk,
  markDiskDeleted,
  renameDisk,
  restoreDisk,
  type SnapshotRow,
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

/** All run in a transaction. @throws ProblemError invalid_disk_name, disk_exists, quota_exceeded. */
export async function createDisk(
  transaction: Transaction,
  change: DiskChange & { readonly sizeGb: number },
): Promise<DiskRequested> {
  demandDiskName(change.diskName);
  await demandDiskQuota(transaction, change.user);
  return writeDown(transaction, change);
}

async function writeDown(
  transaction: Transaction,
  change: DiskChange & { readonly sizeGb: number; readonly source?: DiskSource },
): Promise<DiskRequested> {
  const { user, diskName, sizeGb, source } = change;
  const wanted = { userId: user.userId, diskName, sizeGb, source };
  const diskId = await insertDisk(transaction, wanted).catch(refuseTakenName(diskName));
  const action = source === undefined ? "create" : "clone";
  const noted = await note(transaction, change, { diskId, action });
  return { ...noted, action, message: `Disk ${WORDS[action]} request queued successfully` };
}

const WORDS = { create: "creation", clone: "clone" } as const;

export interface CopyWish {
  readonly from: NonNullable<CreateDisk["from"]>;
  /** Unset: as large as what it is made of. */
  readonly sizeGb: number | undefined;
}

/**
 * A disk that has on it at first what another one has, or had.
 *
 * @throws ProblemError invalid_disk_name, disk_exists, quota_exceeded, disk_not_found, disk_deleted,
 * disk_not_ready, snapshot_not_found, snapshot_not_ready, disk_cannot_shrink.
 */
export async function cloneDisk(
  transaction: Transaction,
  { from, sizeGb, ...change }: DiskChange & CopyWish,
): Promise<DiskRequested> {
  demandDiskName(change.diskName);
  await demandDiskQuota(transaction, change.user);
  const original = await demandDisk(transaction, { ...change, diskName: from.disk });
  if (original.is_deleted) throw deleted(from.disk);
  demandVolume(original);
  const snapshotId = from.snapshot ?? null;
  const snapshot =
    snapshotId === null ? undefined : await demandSnapshot(transaction, original, snapshotId);
  const leastGb = snapshot?.size_gb ?? original.size_gb ?? 1;
  if (sizeGb !== undefined && sizeGb < leastGb) throw tooSmall(original.disk_name, leastGb);
  return writeDown(transaction, {
    ...change,
    sizeGb: sizeGb ?? Math.max(leastGb, original.size_gb ?? 1),
    source: { diskId: original.disk_id, snapshotId },
  });
}

/** @throws ProblemError disk_not_found, disk_deleted, disk_not_ready, disk_changing, disk_cannot_shrink. */
export async function growDisk(
  transaction: Transaction,
  change: DiskChange & { readonly sizeGb: number },
): Promise<DiskRequested> {
  const { sizeGb } = change;
  const disk = await demandStandingDisk(transaction, change, "resize");
  const hasGb = disk.size_gb ?? 0;
  if (sizeGb <= hasGb) throw tooSmall(disk.disk_name, hasGb);
  const noted = await note(transaction, change, { diskId: disk.disk_id, action: "resize", sizeGb });
  return { ...noted, action: "resize", message: "Disk resize request queued successfully" };
}

/** @throws ProblemError disk_not_found, disk_deleted, disk_not_ready, disk_changing. */
export async function snapshotDisk(
  transaction: Transaction,
  change: DiskChange,
): Promise<DiskRequested> {
  const { disk_id: diskId } = await demandStandingDisk(transaction, change, "snapshot");
  const noted = await note(transaction, change, { diskId, action: "snapshot" });
  return { ...noted, action: "snapshot", message: "Disk snapshot request queued successfully" };
}

/** @throws ProblemError disk_not_found, disk_deleted, disk_in_use. */
export async function deleteDisk(
  transaction: Transaction,
  change: DiskChange,
): Promise<DiskRequested> {
  const { disk_id: diskId, state } = await demandUnusedDisk(transaction, change);
  const wantedBy = await findJobWantingDisk(transaction, diskId);
  if (wantedBy !== undefined) throw inUse(change.diskName, wantedBy);
  // one that never had anything on it is of no use to anybody, and its name is
  const keepDays = state === "failed" ? 0 : KEEP_DAYS;
  const deleteDate = await markDiskDeleted(transaction, { diskId, keepDays });
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

/**
 * What the processor is told: to look at the disk; what is asked stands in the operation. A processor of
 * the version before knows four words alone, so that the others are of the next version.
 */
const ORDERS: { readonly [A in DiskAction]: DiskOrder["action"] } = {
  create: "create_disk",
  clone: "create_disk",
  delete: "delete_disk",
  restore: "restore_disk",
  rename: "rename_disk",
  resize: "create_disk",
  snapshot: "create_disk",
};

interface Noted {
  readonly diskId: string;
  readonly action: DiskAction;
  readonly sizeGb?: number;
}

async function note(
  transaction: Transaction,
  { diskName, queue }: DiskChange,
  { diskId, action, sizeGb }: Noted,
): Promise<Pick<DiskRequested, "operation_id" | "disk_name" | "requested_at">> {
  const operationId = randomUUID();
  const at = await insertDiskOperation(transaction, { operationId, diskId, action, sizeGb });
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

/** One that has a volume, of which nobody has asked the same already. */
async function demandStandingDisk(
  transaction: Transaction,
  change: DiskChange,
  action: "resize" | "snapshot",
): Promise<DiskRow> {
  const disk = await demandDisk(transaction, change);
  if (disk.is_deleted) throw deleted(change.diskName);
  demandVolume(disk);
  const open = await findOpenOperation(transaction, { diskId: disk.disk_id, action });
  if (open === undefined) return disk;
  throw new ProblemError(
    "disk_changing",
    `Disk '${disk.disk_name}' has a ${action} under way: operation ${open}`,
  );
}

function demandVolume({ disk_name, state }: DiskRow): void {
  if (state === "ready") return;
  throw new ProblemError("disk_not_ready", `Disk '${disk_name}' has no volume yet`);
}

async function demandSnapshot(
  transaction: Transaction,
  { disk_id: diskId, disk_name }: DiskRow,
  snapshotId: string,
): Promise<SnapshotRow> {
  const snapshot = await findSnapshot(transaction, { diskId, snapshotId });
  if (snapshot === undefined) {
    const detail = `Disk '${disk_name}' has no snapshot ${snapshotId}`;
    throw new ProblemError("snapshot_not_found", detail);
  }
  if (snapshot.state === "ready") return snapshot;
  throw new ProblemError("snapshot_not_ready", `Snapshot ${snapshotId} is not ready`);
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
const tooSmall = (name: string, hasGb: number) =>
  new ProblemError("disk_cannot_shrink", `Disk '${name}' has ${hasGb} GB, and can only grow`);
export const deleted = (name: string) =>
  new ProblemError("disk_deleted", `Disk '${name}' is marked for deletion`);

/** A name that no disk can have is not repeated. */
export const diskNotFound = (name: string) =>
  new ProblemError(
    "disk_not_found",
    isDiskName(name) ? `Disk '${name}' not found` : "Disk not found",
  );
