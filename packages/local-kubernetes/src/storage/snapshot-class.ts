/** A class of snapshots of the driver that is played. */
import { randomUUID } from "node:crypto";
import { apiVersionOf } from "../kind-names.ts";
import { type StoredObject, timeOf } from "../objects.ts";

export const DEFAULT_CLASS = "snapshot.storage.kubernetes.io/is-default-class";

export const snapshotClass = (name: string, isDefault: boolean, nowMs: number): StoredObject => ({
  apiVersion: apiVersionOf("volumesnapshotclasses"),
  kind: "VolumeSnapshotClass",
  metadata: {
    name,
    uid: randomUUID(),
    resourceVersion: "",
    creationTimestamp: timeOf(nowMs),
    ...(isDefault && { annotations: { [DEFAULT_CLASS]: "true" } }),
  },
  driver: "local.csi.example.com",
  deletionPolicy: "Delete",
});
