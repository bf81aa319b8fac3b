/** Writes events about objects, as scheduler and kubelet do, and forgets the oldest. */
import { randomBytes, randomUUID } from "node:crypto";
import { keyOfObject, type StoredObject, timeOf } from "./objects.ts";
import type { World } from "./world.ts";

export type Record = (
  object: StoredObject,
  type: "Normal" | "Warning",
  reason: string,
  message: string,
) => void;

/** A real server forgets them after an hour. */
const KEPT = 2000;

export function createRecorder({ store, now }: World, component: string): Record {
  return (object, type, reason, message) => {
    const { namespace = "default", name, uid } = object.metadata;
    const at = timeOf(now());
    store.put("events", {
      apiVersion: "v1",
      kind: "Event",
      metadata: {
        name: `${name}.${randomBytes(8).toString("hex")}`,
        namespace,
        uid: randomUUID(),
        resourceVersion: "",
        creationTimestamp: at,
      },
      involvedObject: { apiVersion: "v1", kind: object.kind, namespace, name, uid },
      type,
      reason,
      message,
      source: { component },
      reportingComponent: component,
      reportingInstance: component,
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    });
    const all = store.all("events");
    if (all.length <= KEPT) return;
    const byAge = all.sort(
      (a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion),
    );
    for (const old of byAge.slice(0, all.length - KEPT)) store.remove("events", keyOfObject(old));
  };
}
