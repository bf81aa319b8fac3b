/** Plays the garbage collector: what all of its owners have left goes after them. */
import { markDeleted } from "./api/remove.ts";
import { isNamespaced, KIND_NAMES, type KindName } from "./kind-names.ts";
import { keyOf, keyOfObject, type StoredObject } from "./objects.ts";
import type { World } from "./world.ts";

const KINDS = Object.keys(KIND_NAMES) as KindName[];

/** Returns how to stop it. */
export function startGarbageCollector(world: World): () => void {
  const { store } = world;
  const isThere = (object: StoredObject) =>
    (object.metadata.ownerReferences ?? []).some((owner) => {
      const kind = KINDS.find((one) => KIND_NAMES[one] === owner.kind);
      if (kind === undefined) return true; // of a kind that nobody here knows
      const namespace = isNamespaced(kind) ? object.metadata.namespace : undefined;
      return store.get(kind, keyOf(namespace, owner.name))?.metadata.uid === owner.uid;
    });
  const collect = () => {
    for (const kind of KINDS) {
      for (const object of store.all(kind)) {
        const isOwned = (object.metadata.ownerReferences?.length ?? 0) > 0;
        if (!isOwned || isThere(object)) continue;
        // a list is as old as its beginning: it may have gone meanwhile
        if (store.get(kind, keyOfObject(object))) markDeleted(world, kind, object, undefined);
      }
    }
  };
  let due: NodeJS.Immediate | undefined;
  const stopWatching = store.onChange(({ type, object }) => {
    const isOwned = (object.metadata.ownerReferences?.length ?? 0) > 0;
    if (type !== "DELETED" && !isOwned) return;
    due ??= setImmediate(() => {
      due = undefined;
      collect();
    });
  });
  return () => {
    stopWatching();
    clearImmediate(due);
  };
}
