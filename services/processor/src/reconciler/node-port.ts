/** The port of a node by which a pod is reached. */
import { type Cluster, isTaken, type Service } from "../cluster/index.ts";
import type { OwnerPod } from "../pod/owned.ts";
import { serviceManifest } from "../pod/service-manifest.ts";
import type { Hold } from "./hold.ts";

type What = Parameters<typeof serviceManifest>[0];

/** As the cluster gave it, now or before. @throws ClusterError, LeaseLost. */
export async function openNodePort(
  cluster: Cluster,
  what: What,
  owner: OwnerPod,
  hold: Hold,
): Promise<number | null> {
  const manifest = serviceManifest(what, owner);
  let service: Service | undefined;
  try {
    service = await cluster.create("services", manifest, { timeoutMs: hold.timeoutMs() });
  } catch (error) {
    if (!isTaken(error)) throw error;
    service = await find(cluster, what, owner, hold);
    // of a pod before, that is on its way out
    if (service === undefined) throw error;
  }
  return service.spec.ports[0]?.nodePort || null;
}

/** @throws ClusterError, LeaseLost. */
export async function closeNodePort(
  cluster: Cluster,
  what: What,
  owner: OwnerPod,
  hold: Hold,
): Promise<void> {
  const service = await find(cluster, what, owner, hold);
  if (service === undefined) return;
  const { name, uid } = service.metadata;
  await cluster.remove("services", name, uid, { timeoutMs: hold.timeoutMs() });
}

async function find(cluster: Cluster, what: What, owner: OwnerPod, hold: Hold) {
  const { name } = serviceManifest(what, owner).metadata;
  const found = await cluster.get("services", name, { timeoutMs: hold.timeoutMs() });
  return found?.metadata.ownerReferences[0]?.uid === owner.podUid ? found : undefined;
}
