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
  const kept: string[] = [];
  return (object, type, reason, message) => {
    const { namespace = "default", name, uid } = object.metadata;
    const at = timeOf(now());
    const event = store.put("events", {
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
    kept.push(keyOfObject(event));
    const oldest = kept.length > KEPT ? kept.shift() : undefined;
    if (oldest !== undefined) store.remove("events", oldest);
  };
}
