/** Makes a job's pod and the Secrets of it, or finds them as somebody made them before. */
import {
  type JobStart,
  type MachineTypeRow,
  provePod,
  readJobStart,
  type Sealer,
  type Store,
} from "@airlock/jobs-store";
import { type Cluster, ClusterError, type Manifest, type Pod } from "../cluster/index.ts";
import { podManifest } from "../pod/pod-manifest.ts";
import { identityOf } from "../pod/pod-names.ts";
import type { PodRules, PodWish } from "../pod/pod-wish.ts";
import { environmentSecret, filesSecret } from "../pod/secret-manifest.ts";
import { type Hold, LeaseLost, move } from "./hold.ts";

export interface MakePodDeps {
  readonly store: Store;
  readonly cluster: Cluster;
  readonly sealer: Sealer;
  readonly rules: PodRules;
  readonly machineType: (gpuType: string) => Promise<MachineTypeRow | undefined>;
}

/** What stands in the way for good, in a sentence for the owner. */
export class Impossible extends Error {}

const AGAIN_SECONDS = 5;

/** @throws ClusterError, StoreError, LeaseLost, Impossible. */
export async function makePod(deps: MakePodDeps, hold: Hold): Promise<void> {
  const { store, cluster, rules } = deps;
  const { job, lease } = hold;
  const reservationId = job.reservation_id;
  const start = await readJobStart(store.pool, { reservationId, lease });
  if (start === undefined) throw new LeaseLost("it is over");
  const variables = variablesOf(deps.sealer, reservationId, start);
  const wish = await wishOf(deps, reservationId, start);
  const pod = await createOrFind(cluster, podManifest(wish, rules), wish, hold);
  if (pod === undefined) {
    const detailedStatus = `Waits until the name ${wish.podName} is free: another pod has it.`;
    const event = {
      kind: "progress",
      actor: "processor",
      data: { detail: detailedStatus },
    } as const;
    return move(store.pool, hold, { set: { detailedStatus }, dueInSeconds: AGAIN_SECONDS, event });
  }
  const { uid } = pod.metadata;
  const { gpu_type: gpuType, command } = start;
  const files = { authorizedKeys: start.ssh_public_keys };
  for (const secret of [
    filesSecret({ ...wish, podUid: uid }, files),
    environmentSecret(wish, uid, { gpuType, command, variables }),
  ]) {
    await createUnlessThere(cluster, secret, hold);
  }
  const nodeName = pod.spec.nodeName || undefined;
  await store.transaction(async (transaction) => {
    const data = { pod: wish.podName, node: nodeName ?? wish.nodeName };
    const event = { kind: "pod_made", actor: "processor", data } as const;
    await move(transaction, hold, { dueInSeconds: 0, event });
    const { generation } = wish;
    await provePod(transaction, { reservationId, generation, podUid: uid, nodeName });
  });
}

function variablesOf(
  sealer: Sealer,
  reservationId: string,
  { env_vars_sealed }: JobStart,
): Record<string, string> {
  if (env_vars_sealed === null) return {};
  try {
    return JSON.parse(sealer.open({ reservationId, column: "env_vars" }, env_vars_sealed));
  } catch {
    throw new Impossible(
      "Its variables cannot be read: the key that they were sealed with is gone.",
    );
  }
}

async function wishOf(
  { machineType }: MakePodDeps,
  jobId: string,
  start: JobStart,
): Promise<PodWish> {
  const type = await machineType(start.gpu_type);
  return {
    jobId,
    generation: start.generation,
    podName: start.pod_name,
    nodeName: start.node_name,
    image: start.image,
    owner: start.username,
    name: start.name,
    hasCommand: start.command !== null,
    keep: start.keep,
    gpus: start.gpus,
    resourceName: type?.resource_name ?? "nvidia.com/gpu",
    cpuMillis: start.cpu_millis,
    memoryMib: start.memory_mib,
    homeClaim: null,
  };
}

/** Undefined while another pod has the name. */
async function createOrFind(
  cluster: Cluster,
  manifest: Manifest,
  wish: PodWish,
  hold: Hold,
): Promise<Pod | undefined> {
  try {
    return await cluster.create("pods", manifest, { timeoutMs: hold.timeoutMs() });
  } catch (error) {
    if (!isTaken(error)) throw error;
  }
  const found = await cluster.get("pods", wish.podName, { timeoutMs: hold.timeoutMs() });
  const identity = found && identityOf(found);
  const isOwn = identity?.jobId === wish.jobId && identity.generation === wish.generation;
  return isOwn ? found : undefined;
}

/** Its name has the generation in it, so one that is there was made for this pod. */
async function createUnlessThere(cluster: Cluster, manifest: Manifest, hold: Hold): Promise<void> {
  try {
    await cluster.create("secrets", manifest, { timeoutMs: hold.timeoutMs() });
  } catch (error) {
    if (!(error instanceof ClusterError && error.kind === "already_exists")) throw error;
  }
}

const isTaken = (error: unknown): boolean =>
  error instanceof ClusterError &&
  (error.kind === "already_exists" || error.kind === "being_deleted");
