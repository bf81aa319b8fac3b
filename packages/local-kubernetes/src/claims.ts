/** Plays a provisioner: claims are bound to volumes as soon as they are there, and go once no pod uses them. */
import { finish } from "./api/remove.ts";
import {
  type Container,
  isFinal,
  jsonOf,
  keyOfObject,
  listOf,
  type PodObject,
  type StoredObject,
  textOf,
} from "./objects.ts";
import type { Volumes } from "./volumes.ts";
import type { World } from "./world.ts";

const PROTECTION = "kubernetes.io/pvc-protection";

/**
 * @param binds whether claims are bound; without a storage class, a real server's stay pending.
 * @param volumes undefined where no pod runs. Returns how to stop it.
 */
export function startClaims(
  world: World,
  binds: boolean,
  volumes: Volumes | undefined,
): () => void {
  const { store } = world;
  const bind = (claim: StoredObject) => {
    const spec = jsonOf(claim.spec);
    if (!binds || spec.volumeName !== undefined || claim.metadata.deletionTimestamp) return;
    store.update("persistentvolumeclaims", {
      ...claim,
      spec: { storageClassName: "local", ...spec, volumeName: `pvc-${claim.metadata.uid}` },
      status: {
        phase: "Bound",
        accessModes: spec.accessModes,
        capacity: jsonOf(spec.resources).requests,
      },
    });
  };
  const release = (claim: StoredObject) => {
    const { deletionTimestamp, finalizers = [], namespace } = claim.metadata;
    if (deletionTimestamp === undefined || !finalizers.includes(PROTECTION)) return;
    const isUsed = (store.all("pods") as PodObject[]).some(
      (pod) =>
        pod.metadata.namespace === namespace && !isFinal(pod) && uses(pod, claim.metadata.name),
    );
    if (isUsed) return;
    const left = finalizers.filter((one) => one !== PROTECTION);
    const metadata = { ...claim.metadata, finalizers: left };
    const stored = store.update("persistentvolumeclaims", { ...claim, metadata });
    if (left.length === 0) finish(world, "persistentvolumeclaims", stored);
  };
  const look = () => {
    due = undefined;
    for (const claim of store.all("persistentvolumeclaims")) {
      bind(claim);
      const now = store.get("persistentvolumeclaims", keyOfObject(claim));
      if (now !== undefined) release(now);
    }
  };
  // those that were kept may have been left half done
  let due: NodeJS.Immediate | undefined = setImmediate(look);
  const stopWatching = store.onChange(({ kind, type, object }) => {
    if (kind === "persistentvolumeclaims") {
      if (type === "DELETED") volumes?.drop(object);
      else volumes?.keep(object);
    }
    if (kind === "persistentvolumeclaims" || kind === "pods") due ??= setImmediate(look);
  });
  return () => {
    stopWatching();
    clearImmediate(due);
  };
}

/** The claims that a pod names, by the volumes that they are in it. */
const claimVolumes = ({ spec }: PodObject): Map<string, string> =>
  new Map(
    listOf(spec.volumes)
      .map(jsonOf)
      .map(({ name, persistentVolumeClaim }) => [
        textOf(name),
        textOf(jsonOf(persistentVolumeClaim).claimName),
      ]),
  );

export const claimsOf = (pod: PodObject): string[] =>
  [...claimVolumes(pod).values()].filter((claim) => claim !== "");

/** The claim that a container mounts first; undefined: none. */
export function claimMountedBy(pod: PodObject, { volumeMounts = [] }: Container) {
  const claims = claimVolumes(pod);
  return volumeMounts.map(({ name }) => claims.get(textOf(name))).find(Boolean);
}

const uses = (pod: PodObject, claim: string): boolean => claimsOf(pod).includes(claim);
