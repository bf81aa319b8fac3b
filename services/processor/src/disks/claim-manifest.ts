/** The claim that a disk is to the cluster: its name and what tells whose it is follow from the disk's id. */
import type { Claim, Manifest } from "../cluster/index.ts";
import {
  annotationsOfDisk,
  claimNameOf,
  isOfDisk,
  labelsOfDisk,
  snapshotNameOf,
} from "./disk-names.ts";
import type { DiskRules } from "./disk-rules.ts";

export interface DiskWish {
  readonly diskId: string;
  readonly owner: string;
  readonly sizeGb: number;
  /** What is on it at first; unset: nothing. */
  readonly fromSnapshot?: string | undefined;
}

export const claimManifest = (
  { diskId, owner, sizeGb, fromSnapshot }: DiskWish,
  rules: Pick<DiskRules, "storageClass">,
): Manifest => ({
  metadata: {
    name: claimNameOf(diskId),
    labels: labelsOfDisk("gpu-disk"),
    annotations: annotationsOfDisk(diskId, owner),
  },
  spec: claimSpec(sizeGb, fromSnapshot, rules),
});

export const claimSpec = (
  sizeGb: number,
  fromSnapshot: string | undefined,
  { storageClass }: Pick<DiskRules, "storageClass">,
) => ({
  accessModes: ["ReadWriteOnce"],
  resources: { requests: { storage: `${sizeGb}Gi` } },
  ...(storageClass !== undefined && { storageClassName: storageClass }),
  ...(fromSnapshot !== undefined && {
    dataSource: {
      apiGroup: "snapshot.storage.k8s.io",
      kind: "VolumeSnapshot",
      name: snapshotNameOf(fromSnapshot),
    },
  }),
});

/** Whether a claim is this disk's, and not on its way out. */
export const isClaimOf = (claim: Claim, diskId: string): boolean =>
  isOfDisk(claim, diskId) && claim.metadata.deletionTimestamp === undefined;
