/** What an installation says of its users' disks. */
import type { SnapshotRetention } from "@airlock/jobs-store";
import type { PodSecurity } from "../pod/pod-wish.ts";

export interface DiskRules {
  /** Undefined: the cluster's default one. */
  readonly storageClass: string | undefined;
  /** False where the driver has none. */
  readonly takesSnapshots: boolean;
  /** Undefined: the driver's default one. */
  readonly snapshotClass: string | undefined;
  readonly retention: SnapshotRetention;
  /** What is in a snapshot is listed by a short pod. */
  readonly readsContent: boolean;
  /** Of that pod. */
  readonly security: PodSecurity;
  /** The image of SERVICE=devbox; undefined: whatever has a shell. */
  readonly toolsImage: string | undefined;
}

export const DISK_RULES: DiskRules = {
  storageClass: undefined,
  takesSnapshots: true,
  snapshotClass: undefined,
  retention: { newest: 3, days: 7 },
  readsContent: true,
  security: "restricted",
  toolsImage: undefined,
};
