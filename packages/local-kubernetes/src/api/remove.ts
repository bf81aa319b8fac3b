/** Objects are deleted: at once, after a grace that the kubelet ends, or when the last finalizer is gone. */
import { groupOf, isNamespaced, KIND_NAMES, type KindName } from "../kind-names.ts";
import { KINDS } from "../kinds.ts";
import {
  isFinal,
  jsonOf,
  keyOf,
  keyOfObject,
  type PodObject,
  type StoredObject,
  textOf,
  timeOf,
} from "../objects.ts";
import { conflict, notFound } from "../refusal.ts";
import { parseBody } from "../validation/read-body.ts";
import type { World } from "../world.ts";
import type { Target } from "./target.ts";

/** @returns what is answered: the object, or a Status. @throws Refusal */
export function remove(world: World, target: Target, body: Buffer): object {
  const { kind, namespace, name = "" } = target;
  const object = world.store.get(kind, keyOf(isNamespaced(kind) ? namespace : undefined, name));
  if (object === undefined) throw notFound(kind, name);
  const options = body.length === 0 ? {} : parseBody(body);
  const preconditions = jsonOf(options.preconditions);
  const uid = textOf(preconditions.uid);
  if (uid !== "" && uid !== object.metadata.uid) {
    throw conflict(
      KIND_NAMES[kind],
      name,
      `the UID in the precondition (${uid}) does not match the UID in record (${object.metadata.uid}). The object might have been deleted and then recreated`,
    );
  }
  const grace = options.gracePeriodSeconds;
  const deleted = markDeleted(world, kind, object, typeof grace === "number" ? grace : undefined);
  if (KINDS[kind].isReturnedWhenDeleted || world.store.get(kind, keyOfObject(object)))
    return deleted;
  const group = groupOf(kind);
  const details = { name, ...(group !== "" && { group }), kind, uid: object.metadata.uid };
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}

/** @param graceSeconds unset, what the pod says. A grace that has begun gets shorter, never longer. */
export function markDeleted(
  world: World,
  kind: KindName,
  object: StoredObject,
  graceSeconds: number | undefined,
): StoredObject {
  // only pods have a grace, and only what has finalizers is still there after it
  if (kind !== "pods" && (object.metadata.finalizers?.length ?? 0) === 0) {
    return finish(world, kind, object);
  }
  const wanted = kind === "pods" ? podGrace(object as PodObject, graceSeconds) : 0;
  const begun = object.metadata.deletionGracePeriodSeconds ?? Number.POSITIVE_INFINITY;
  const grace = Math.max(0, Math.min(wanted, begun));
  const isNew = object.metadata.deletionTimestamp === undefined || grace < begun;
  const marked = isNew
    ? world.store.update(kind, {
        ...object,
        metadata: {
          ...object.metadata,
          deletionTimestamp: timeOf(world.now() + grace * 1000),
          deletionGracePeriodSeconds: grace,
        },
      })
    : object;
  return isDone(marked) ? finish(world, kind, marked) : marked;
}

/** A pod that no node has, or that has ended, needs no grace. */
function podGrace({ spec, status }: PodObject, graceSeconds: number | undefined): number {
  if (!spec.nodeName || isFinal({ spec, status } as PodObject)) return 0;
  return graceSeconds ?? spec.terminationGracePeriodSeconds ?? 30;
}

export const isDone = ({ metadata }: StoredObject): boolean =>
  metadata.deletionTimestamp !== undefined &&
  metadata.deletionGracePeriodSeconds === 0 &&
  (metadata.finalizers?.length ?? 0) === 0;

export function finish({ store }: World, kind: KindName, object: StoredObject): StoredObject {
  store.remove(kind, keyOfObject(object));
  return object;
}
