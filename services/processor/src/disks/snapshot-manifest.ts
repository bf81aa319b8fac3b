/** The VolumeSnapshot that a snapshot of a disk is to the cluster. */
import type { Manifest } from "../cluster/index.ts";
import { annotationsOfSnapshot, claimNameOf, labelsOfDisk, snapshotNameOf } from "./disk-names.ts";
import type { DiskRules } from "./disk-rules.ts";

export interface SnapshotWish {
  readonly diskId: string;
  readonly owner: string;
  readonly snapshotId: string;
}

export const snapshotManifest = (
  { diskId, owner, snapshotId }: SnapshotWish,
  { snapshotClass }: Pick<DiskRules, "snapshotClass">,
): Manifest => ({
  metadata: {
    name: snapshotNameOf(snapshotId),
    labels: labelsOfDisk("gpu-disk-snapshot"),
    annotations: annotationsOfSnapshot(diskId, owner, snapshotId),
  },
  spec: {
    ...(snapshotClass !== undefined && { volumeSnapshotClassName: snapshotClass }),
    source: { persistentVolumeClaimName: claimNameOf(diskId) },
  },
});
