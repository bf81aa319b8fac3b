/** The claim that a disk is to the cluster: its name and what tells whose it is follow from the disk's id. */
import type { Claim, Manifest } from "../cluster/index.ts";

export interface DiskWish {
  readonly diskId: string;
  readonly owner: string;
  readonly sizeGb: number;
}

export interface DiskRules {
  /** Undefined: the cluster's default one. */
  readonly storageClass: string | undefined;
}

const DISK_ID = "airlock/disk-id";

export const claimNameOf = (diskId: string): string => `disk-${diskId}`;

export const claimManifest = (
  { diskId, owner, sizeGb }: DiskWish,
  { storageClass }: DiskRules,
): Manifest => ({
  metadata: {
    name: claimNameOf(diskId),
    labels: {
      "app.kubernetes.io/name": "gpu-disk",
      "app.kubernetes.io/managed-by": "airlock-processor",
    },
    annotations: { [DISK_ID]: diskId, "airlock/owner": owner },
  },
  spec: {
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: `${sizeGb}Gi` } },
    ...(storageClass !== undefined && { storageClassName: storageClass }),
  },
});

/** Whether a claim is this disk's, and not on its way out. */
export const isClaimOf = ({ metadata }: Claim, diskId: string): boolean =>
  metadata.annotations[DISK_ID] === diskId && metadata.deletionTimestamp === undefined;
