/** What a job's objects are called, and how one tells that they are its own. */
import type { Pod } from "../cluster/index.ts";

/** The container with the user's image. */
export const JOB_CONTAINER = "job";

const MANAGED_BY = "app.kubernetes.io/managed-by";
const MANAGER = "airlock-processor";
const GENERATION = "airlock/generation";
const POD = "airlock/pod";
/** An annotation: ids may be longer than a label, and end otherwise. */
const JOB_ID = "airlock/job-id";

/** Selects what the processor has made. */
export const OWN_OBJECTS = `${MANAGED_BY}=${MANAGER}`;

export interface PodIdentity {
  readonly jobId: string;
  /** One more with each pod of the job. */
  readonly generation: number;
}

export const labelsOf = ({ generation }: PodIdentity): Record<string, string> => ({
  "app.kubernetes.io/name": "gpu-job",
  [MANAGED_BY]: MANAGER,
  [GENERATION]: String(generation),
});

/** A Service's, of this one pod. */
export const selectorOf = (podName: string, { generation }: PodIdentity) => ({
  [POD]: podName,
  [GENERATION]: String(generation),
});

export const annotationsOf = ({ jobId }: PodIdentity): Record<string, string> => ({
  [JOB_ID]: jobId,
});

/** Undefined for a pod that is no job's. */
export function identityOf({ metadata }: Pick<Pod, "metadata">): PodIdentity | undefined {
  const jobId = metadata.annotations[JOB_ID];
  const generation = Number(metadata.labels[GENERATION]);
  const isOurs = metadata.labels[MANAGED_BY] === MANAGER && Number.isInteger(generation);
  return isOurs && jobId !== undefined ? { jobId, generation } : undefined;
}

/** Each is one for each pod: what has that name already is this pod's. */
export const environmentNameOf = (podName: string, { generation }: PodIdentity): string =>
  `${podName}-g${generation}`;
export const filesNameOf = (podName: string, { generation }: PodIdentity): string =>
  `${podName}-g${generation}-files`;
export const sshServiceNameOf = (podName: string, { generation }: PodIdentity): string =>
  `${podName}-g${generation}-ssh`;
export const jupyterServiceNameOf = (podName: string, { generation }: PodIdentity): string =>
  `${podName}-g${generation}-jupyter`;
