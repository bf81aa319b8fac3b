/** What a disk's objects are called, and how one tells that they are its own. */
import type { Meta } from "../cluster/index.ts";

const DISK_ID = "airlock/disk-id";
const SNAPSHOT_ID = "airlock/snapshot-id";

export const claimNameOf = (diskId: string): string => `disk-${diskId}`;
export const snapshotNameOf = (snapshotId: string): string => `snapshot-${snapshotId}`;
/** The pod that lists what is in a snapshot, and its volume. */
export const readerNameOf = (snapshotId: string): string => `content-${snapshotId}`;

export const labelsOfDisk = (name: "gpu-disk" | "gpu-disk-snapshot" | "gpu-disk-content") => ({
  "app.kubernetes.io/name": name,
  "app.kubernetes.io/managed-by": "airlock-processor",
});

export const annotationsOfDisk = (diskId: string, owner: string) => ({
  [DISK_ID]: diskId,
  "airlock/owner": owner,
});

export const annotationsOfSnapshot = (diskId: string, owner: string, snapshotId: string) => ({
  ...annotationsOfDisk(diskId, owner),
  [SNAPSHOT_ID]: snapshotId,
});

interface Named {
  readonly metadata: Meta;
}

/** Whether it is this disk's, on its way out or not. */
export const isOfDisk = ({ metadata }: Named, diskId: string): boolean =>
  metadata.annotations[DISK_ID] === diskId;
