/**
 * The Secrets of a job's pod, which go when the pod goes: its environment, the command included, written once; and the
 * files of its box, which are put anew, whole, while it runs. Nobody reads either of them back.
 */
import type { Manifest } from "../cluster/index.ts";
import { environmentNameOf, filesNameOf, labelsOf, type PodIdentity } from "./pod-names.ts";
import type { PodWish } from "./pod-wish.ts";

/** Whose Secrets they are. */
export interface SecretOwner extends PodIdentity {
  readonly podName: string;
  readonly podUid: string;
}

export interface Environment {
  readonly gpuType: string;
  readonly command: string | null;
  readonly variables: Readonly<Record<string, string>>;
}

export function environmentSecret(pod: PodWish, podUid: string, wish: Environment): Manifest {
  const name = environmentNameOf(pod.podName, pod);
  return secret(name, { ...pod, podUid }, variablesOf(pod, wish));
}

/** What stands in the box's /etc/airlock. */
export interface BoxFiles {
  /** Lines of authorized_keys: who may log in, at this moment. */
  readonly authorizedKeys: readonly string[];
}

export const filesSecret = (owner: SecretOwner, files: BoxFiles): Manifest =>
  secret(filesNameOf(owner.podName, owner), owner, {
    authorized_keys: files.authorizedKeys.map((line) => `${line}\n`).join(""),
  });

function secret(name: string, owner: SecretOwner, texts: Record<string, string>): Manifest {
  const { podName, podUid } = owner;
  return {
    metadata: {
      name,
      labels: labelsOf(owner),
      ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: podName, uid: podUid }],
    },
    type: "Opaque",
    data: Object.fromEntries(
      Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString("base64")]),
    ),
  };
}

/** What the user says overrules ours, but for the names that are the pod's own. */
function variablesOf(pod: PodWish, wish: Environment): Record<string, string> {
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
