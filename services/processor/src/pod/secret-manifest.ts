/** The Secret of a job's pod: its environment, the command included. It goes when the pod goes. */
import type { Manifest } from "../cluster/index.ts";
import type { PodWish } from "./pod-manifest.ts";
import { labelsOf, secretNameOf } from "./pod-names.ts";

export interface SecretWish {
  readonly pod: PodWish;
  readonly podUid: string;
  readonly gpuType: string;
  readonly command: string | null;
  readonly variables: Readonly<Record<string, string>>;
}

export function secretManifest({ pod, podUid, ...wish }: SecretWish): Manifest {
  return {
    metadata: {
      name: secretNameOf(pod.podName, pod),
      labels: labelsOf(pod),
      ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: pod.podName, uid: podUid }],
    },
    type: "Opaque",
    data: Object.fromEntries(
      Object.entries(environmentOf(pod, wish)).map(([name, value]) => [name, base64(value)]),
    ),
  };
}

/** What the user says overrules ours, but for the names that are the pod's own. */
function environmentOf(pod: PodWish, wish: Omit<SecretWish, "pod" | "podUid">) {
  const threads = String(Math.max(1, Math.floor(pod.cpuMillis / 1000)));
  return {
    GPU_TYPE: wish.gpuType.toUpperCase(),
    OMP_NUM_THREADS: threads,
    MKL_NUM_THREADS: threads,
    ...(pod.gpus > 0 && { NVIDIA_DRIVER_CAPABILITIES: "compute,utility" }),
    ...wish.variables,
    AIRLOCK_JOB_ID: pod.jobId,
    ...(wish.command !== null && { AIRLOCK_COMMAND: wish.command }),
  };
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
