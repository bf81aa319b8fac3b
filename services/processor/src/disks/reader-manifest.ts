/** The short pod that lists what is in a snapshot, on a volume that is made of it and goes with it. */
import type { Manifest } from "../cluster/index.ts";
import { containerSecurity, podSecurity } from "../pod/pod-manifest.ts";
import { claimSpec } from "./claim-manifest.ts";
import { annotationsOfSnapshot, labelsOfDisk, readerNameOf } from "./disk-names.ts";
import type { DiskRules } from "./disk-rules.ts";
import type { SnapshotWish } from "./snapshot-manifest.ts";

export const READER = "reader";
export const CONTENT_BYTES = 256 * 1024;
/** A volume may have to be brought from far away. */
export const READER_SECONDS = 900;

const BUSYBOX = "/opt/airlock/bin/busybox";

/**
 * How much is used stands in its first line. Names are as people chose them: what would move a terminal's
 * cursor is taken out, and what cannot be read is passed over.
 */
export const LISTING = `\
{
  $B du -sh . | $B cut -f1
  echo
  $B du -h -d 1 .
  echo
  $B find . -mindepth 1 -maxdepth 3 | $B sort | $B sed 's|[^/]*/|  |g'
} 2>/dev/null | $B tr -d '\\000-\\010\\013-\\037\\177' | $B head -c ${CONTENT_BYTES}`;

/** It needs none, and should keep no node with some from being taken away … */
const AWAY_FROM_GPUS = {
  nodeAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      {
        weight: 100,
        preference: { matchExpressions: [{ key: "GpuType", operator: "DoesNotExist" }] },
      },
    ],
  },
};
/** … but where all nodes have some there is no other place. */
const GPU_TAINTS = ["nvidia.com/gpu", "amd.com/gpu"].map((key) => ({
  key,
  operator: "Exists",
  effect: "NoSchedule",
}));

const metadataOf = ({ diskId, owner, snapshotId }: SnapshotWish) => ({
  name: readerNameOf(snapshotId),
  labels: labelsOfDisk("gpu-disk-content"),
  annotations: annotationsOfSnapshot(diskId, owner, snapshotId),
});

export const readerClaim = (
  wish: SnapshotWish & { readonly sizeGb: number },
  rules: DiskRules,
): Manifest => ({
  metadata: metadataOf(wish),
  spec: claimSpec(wish.sizeGb, wish.snapshotId, rules),
});

export function readerPod(wish: SnapshotWish, { toolsImage, security }: DiskRules): Manifest {
  const shell = toolsImage === undefined ? ["/bin/sh"] : [BUSYBOX, "sh"];
  return {
    metadata: metadataOf(wish),
    spec: {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 0,
      activeDeadlineSeconds: READER_SECONDS,
      affinity: AWAY_FROM_GPUS,
      tolerations: GPU_TAINTS,
      securityContext: {
        ...podSecurity(security),
        // a volume of many files is not to be gone through for the sake of its owners
        fsGroupChangePolicy: "OnRootMismatch",
        ...(security === "baseline" && { runAsUser: 0 }),
      },
      containers: [
        {
          name: READER,
          image: toolsImage ?? "busybox",
          command: [...shell, "-c", LISTING],
          env: [{ name: "B", value: toolsImage === undefined ? "" : BUSYBOX }],
          workingDir: "/disk",
          resources: {
            requests: { cpu: "100m", memory: "64Mi" },
            limits: { memory: "256Mi" },
          },
          securityContext: containerSecurity(security),
          volumeMounts: [{ name: "disk", mountPath: "/disk", readOnly: true }],
        },
      ],
      volumes: [
        { name: "disk", persistentVolumeClaim: { claimName: readerNameOf(wish.snapshotId) } },
      ],
    },
  };
}
