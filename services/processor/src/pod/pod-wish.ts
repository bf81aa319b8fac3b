/** What a job's pod is made of: by its job, and by the installation's rules. */
import type { PodIdentity } from "./pod-names.ts";

export interface PodWish extends PodIdentity {
  readonly podName: string;
  /** Null: not known before it starts. */
  readonly nodeName: string | null;
  readonly image: string;
  readonly owner: string;
  /** What its owner calls it. */
  readonly name: string | null;
  readonly hasCommand: boolean;
  readonly keep: boolean;
  readonly gpus: number;
  /** Such as nvidia.com/gpu. */
  readonly resourceName: string;
  readonly cpuMillis: number;
  readonly memoryMib: number;
  /** The claim that is its home; null: an empty folder that goes with the pod. */
  readonly homeClaim: string | null;
}

/** - baseline: the image's own user, as for images that need root. */
export type PodSecurity = "restricted" | "baseline";

export interface PodRules {
  readonly security: PodSecurity;
  /** Longest life of any pod, pulls included; it cannot be made longer later. */
  readonly maxLifeSeconds: number;
  /** How long a pod stays with a node that does not answer. */
  readonly nodeLostSeconds: number;
  /** The image of SERVICE=devbox; undefined: nothing is brought into a pod, and no sshd runs in it. */
  readonly toolsImage: string | undefined;
  /** For whoever selects jobs' pods, such as another scheduler's queue. */
  readonly labels: Readonly<Record<string, string>>;
  /** Which somebody else takes away before the cluster's scheduler looks at a pod. */
  readonly schedulingGates: readonly string[];
}
