/** Makes what a job's pod consists of, or finds it as somebody made it before: pod, Secrets, Service. */
import {
  type JobStart,
  keepHostKey,
  type MachineTypeRow,
  noteFirstFiles,
  provePod,
  readJobStart,
  type Sealer,
  type Store,
} from "@airlock/jobs-store";
import { makeHostKey } from "../access/host-key.ts";
import { NoSuchKeys, type UserKeys } from "../access/user-keys.ts";
import { whoGetsIn } from "../access/who-gets-in.ts";
import {
  type Cluster,
  ClusterError,
  isTaken,
  type Manifest,
  type Pod,
  type Secret,
  unlessThere,
} from "../cluster/index.ts";
import { claimNameOf } from "../disks/disk-names.ts";
import { podManifest } from "../pod/pod-manifest.ts";
import { identityOf } from "../pod/pod-names.ts";
import type { PodRules, PodWish } from "../pod/pod-wish.ts";
import { environmentSecret, filesSecret } from "../pod/secret-manifest.ts";
import { demandHome } from "./demand-home.ts";
import { type Hold, LeaseLost, move, tell } from "./hold.ts";
import { Impossible } from "./impossible.ts";
import { openNodePort } from "./node-port.ts";
import { putSecret } from "./put-secret.ts";

export interface MakePodDeps {
  readonly store: Store;
  readonly cluster: Cluster;
  readonly sealer: Sealer;
  readonly rules: PodRules;
  readonly access: Access;
  readonly machineType: (gpuType: string) => Promise<MachineTypeRow | undefined>;
}

/** How people get in. */
export interface Access {
  /** By a port of the node. */
  readonly hasNodePorts: boolean;
  /** Who logs in. */
  readonly sshUser: string;
  /** Undefined: keys of users are looked up nowhere. */
  readonly userKeys: UserKeys | undefined;
}

const AGAIN_SECONDS = 5;

/** @throws ClusterError, KeysUnavailable, StoreError, LeaseLost, Impossible. */
export async function makePod(deps: MakePodDeps, hold: Hold): Promise<void> {
  const { store, cluster, access } = deps;
  const { job, lease } = hold;
  const reservationId = job.reservation_id;
  const start = await readJobStart(store.pool, { reservationId, lease });
  if (start === undefined) throw new LeaseLost("it is over");
  const variables = variablesOf(deps.sealer, reservationId, start);
  if (start.disk_id !== null) await demandHome(cluster, start.disk_id, hold);
  const wish = await wishOf(deps, reservationId, start);
  const { authorizedKeys, trouble } = await keysOf(access, start, hold);
  const hostKey = await hostKeyOf(deps, start, hold);
  const proved = await provedPod(deps, wish, hold);
  if (proved === undefined) {
    const detail = `Waits until the name ${wish.podName} is free: another pod has it.`;
    return tell(store.pool, hold, { seconds: AGAIN_SECONDS, detail, kind: "progress" });
  }
  const { podUid, nodeName } = proved;
  const owner = { ...wish, podUid };
  const { gpu_type: gpuType, command } = start;
  const notice = trouble;
  const files = filesSecret(owner, { hostKey, authorizedKeys, notice });
  const filesUid = (await putNewSecret(cluster, files, hold)).metadata.uid;
  const environment = environmentSecret(wish, podUid, { gpuType, command, variables });
  await unlessThere(cluster.create("secrets", environment, { timeoutMs: hold.timeoutMs() }));
  const nodePort = access.hasNodePorts ? await openNodePort(cluster, "ssh", owner, hold) : null;
  await store.transaction(async (transaction) => {
    const data = { pod: wish.podName, node: nodeName, keys: trouble };
    const event = { kind: "pod_made", actor: "processor", data } as const;
    const set = { nodePort, ...(trouble !== undefined && { warning: trouble }) };
    await move(transaction, hold, { set, dueInSeconds: 0, event });
    const { generation } = wish;
    await noteFirstFiles(transaction, { reservationId, generation, authorizedKeys, filesUid });
  });
}

async function keysOf({ userKeys }: Access, start: JobStart, hold: Hold) {
  const asked = {
    ownKeys: start.ssh_public_keys,
    user: start.github_user,
    needsNobody: start.command !== null && !start.keep,
  };
  try {
    return await whoGetsIn(userKeys, asked, hold.timeoutMs());
  } catch (error) {
    if (!(error instanceof NoSuchKeys)) throw error;
    throw new Impossible(`Nobody could log in to it: ${error.message}`);
  }
}

/** Made once, before anything of it is in the cluster: whoever makes the pod again brings the same. */
async function hostKeyOf(
  { store, sealer }: MakePodDeps,
  { host_key_sealed }: JobStart,
  { job, lease }: Hold,
): Promise<string> {
  const reservationId = job.reservation_id;
  const place = { reservationId, column: "host_key" } as const;
  if (host_key_sealed !== null) {
    try {
      return sealer.open(place, host_key_sealed);
    } catch {
      throw new Impossible("Its host key cannot be read: the key that it was sealed with is gone.");
    }
  }
  const { privateKey, publicKey } = makeHostKey();
  const privateKeySealed = sealer.seal(place, privateKey);
  const isKept = await keepHostKey(store.pool, {
    reservationId,
    lease,
    publicKey,
    privateKeySealed,
  });
  if (!isKept) throw new LeaseLost("it is over");
  return privateKey;
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
    homeClaim: start.disk_id && claimNameOf(start.disk_id),
  };
}

/**
 * Written down before anything else of it is made: it may run by then, and what has run is not run again.
 *
 * @returns undefined while another pod has the name.
 */
async function provedPod({ store, cluster, rules }: MakePodDeps, wish: PodWish, hold: Hold) {
  const { job, lease } = hold;
  if (job.pod_uid !== null) return { podUid: job.pod_uid, nodeName: wish.nodeName };
  const pod = await createOrFind(cluster, podManifest(wish, rules), wish, hold);
  if (pod === undefined) return undefined;
  const proof = { podUid: pod.metadata.uid, nodeName: pod.spec.nodeName || wish.nodeName };
  const { jobId: reservationId, generation } = wish;
  const isProved = await provePod(store.pool, { reservationId, lease, generation, ...proof });
  if (!isProved) throw new LeaseLost("it is over");
  return proof;
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

/** One that is there was made for this pod, perhaps of other keys: what is known from now on is what it has. */
async function putNewSecret(cluster: Cluster, manifest: Manifest, hold: Hold): Promise<Secret> {
  try {
    return await cluster.create("secrets", manifest, { timeoutMs: hold.timeoutMs() });
  } catch (error) {
    if (!(error instanceof ClusterError && error.kind === "already_exists")) throw error;
  }
  return await putSecret(cluster, manifest, undefined, hold);
}
