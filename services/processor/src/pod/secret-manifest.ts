/**
 * The Secrets of a job's pod, which go when the pod goes: its environment, the command included, written once; and the
 * files of its box, which are put anew, whole, while it runs. Nobody reads either of them back.
 */
import type { Manifest } from "../cluster/index.ts";
import { type OwnerPod, ownedMetadata } from "./owned.ts";
import { environmentNameOf, filesNameOf } from "./pod-names.ts";
import type { PodWish } from "./pod-wish.ts";

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
  /** As sshd reads it. */
  readonly hostKey: string;
  /** Lines of authorized_keys: who may log in, at this moment. */
  readonly authorizedKeys: readonly string[];
  /** Jupyter runs while it is there, and asks for it. */
  readonly jupyterToken?: string | undefined;
  /** Shown at login. */
  readonly notice?: string | undefined;
}

export const filesSecret = (owner: OwnerPod, files: BoxFiles): Manifest =>
  secret(filesNameOf(owner.podName, owner), owner, {
    ssh_host_ed25519_key: files.hostKey,
    authorized_keys: files.authorizedKeys.map((line) => `${line}\n`).join(""),
    ...(files.jupyterToken !== undefined && { jupyter_token: files.jupyterToken }),
    ...(files.notice !== undefined && { notice: `${files.notice}\n` }),
  });

function secret(name: string, owner: OwnerPod, texts: Record<string, string>): Manifest {
  const data = Object.entries(texts).map(([key, text]) => [
    key,
    Buffer.from(text).toString("base64"),
  ]);
  return { metadata: ownedMetadata(name, owner), type: "Opaque", data: Object.fromEntries(data) };
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
