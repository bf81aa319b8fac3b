/** The pods that the processor makes, of jobs and to read disks: no manifest has them, and policies and namespaces are there for them. */
import type { Endpoint } from "./reachability.ts";
import { envOf, type World, workloads } from "./world.ts";

export interface JobPods extends Endpoint {
  readonly namespace: string;
  /** POD_SECURITY of the processor. */
  readonly security: string | undefined;
}

/** As services/processor labels them. */
export const JOB_POD_LABELS = {
  "app.kubernetes.io/name": "gpu-job",
  "app.kubernetes.io/managed-by": "airlock-processor",
} as const;

/** Of the pods that read what is on a disk, in the same namespace. */
export const READER_POD_LABELS = {
  "app.kubernetes.io/name": "gpu-disk-content",
  "app.kubernetes.io/managed-by": "airlock-processor",
} as const;

export function jobPodsOf(world: World): JobPods {
  const containers = workloads(world)
    .filter(({ service }) => service === "processor")
    .flatMap((one) => one.containers);
  const settingOf = (name: string) => containers.map((one) => envOf(one, name)).find(Boolean);
  return {
    namespace: settingOf("JOBS_NAMESPACE") ?? "gpu-dev",
    labels: JOB_POD_LABELS,
    security: settingOf("POD_SECURITY"),
  };
}
