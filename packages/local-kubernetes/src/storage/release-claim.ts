/** A claim that is deleted goes once no pod mounts it and nothing is copied from it. */
import { finish } from "../api/remove.ts";
import type { StoredObject } from "../objects.ts";
import type { StorageWorld } from "./storage-world.ts";

const PROTECTION = "kubernetes.io/pvc-protection";

export function releaseClaim({ world, usersOf, isRead }: StorageWorld, claim: StoredObject): void {
  const { finalizers = [] } = claim.metadata;
  if (!finalizers.includes(PROTECTION) || usersOf(claim).length > 0 || isRead(claim)) return;
  const left = finalizers.filter((one) => one !== PROTECTION);
  const metadata = { ...claim.metadata, finalizers: left };
  const stored = world.store.update("persistentvolumeclaims", { ...claim, metadata });
  if (left.length === 0) finish(world, "persistentvolumeclaims", stored);
}
