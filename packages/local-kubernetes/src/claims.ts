/** Plays a provisioner: claims are bound to volumes as soon as they are there, and go once no pod uses them. */
import { finish } from "./api/remove.ts";
import {
  isFinal,
  jsonOf,
  keyOfObject,
  listOf,
  type PodObject,
  type StoredObject,
  textOf,
} from "./objects.ts";
import type { World } from "./world.ts";

const PROTECTION = "kubernetes.io/pvc-protection";

/** @param binds whether claims are bound; without a storage class, a real server's stay pending. Returns how to stop it. */
export function startClaims(world: World, binds: boolean): () => void {
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
  let due: NodeJS.Immediate | undefined;
  const look = () => {
    due = undefined;
    for (const claim of store.all("persistentvolumeclaims")) {
      bind(claim);
      const now = store.get("persistentvolumeclaims", keyOfObject(claim));
      if (now !== undefined) release(now);
    }
  };
  const stopWatching = store.onChange(({ kind }) => {
    if (kind === "persistentvolumeclaims" || kind === "pods") due ??= setImmediate(look);
  });
  return () => {
    stopWatching();
    clearImmediate(due);
  };
}

export const claimsOf = ({ spec }: PodObject): string[] =>
  listOf(spec.volumes).flatMap((volume) => {
    const name = textOf(jsonOf(jsonOf(volume).persistentVolumeClaim).claimName);
    return name === "" ? [] : [name];
  });

const uses = (pod: PodObject, claim: string): boolean => claimsOf(pod).includes(claim);
