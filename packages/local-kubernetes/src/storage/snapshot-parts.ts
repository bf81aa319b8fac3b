/** What a VolumeSnapshot is made of: its claim, its class, and the content that stands for it. */
import { randomUUID } from "node:crypto";
import { isBound } from "../claims.ts";
import { jsonOf, keyOf, type StoredObject, textOf, timeOf } from "../objects.ts";
import { DEFAULT_CLASS } from "./snapshot-class.ts";
import type { StorageWorld } from "./storage-world.ts";

export const PROTECTION = "snapshot.storage.kubernetes.io/volumesnapshot-bound-protection";

/** A refusal of the controller: its event's reason, and its sentence. */
export class Trouble extends Error {
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** @throws Trouble */
export function claimOf({ world }: StorageWorld, snapshot: StoredObject): StoredObject {
  const reason = "SnapshotContentCreationFailed";
  const words = "Failed to create snapshot content with error";
  const source = jsonOf(jsonOf(snapshot.spec).source);
  if (source.volumeSnapshotContentName !== undefined) {
    throw new Trouble(
      "SnapshotContentMissing",
      "Snapshots of contents that are there already are not played here",
    );
  }
  const name = textOf(source.persistentVolumeClaimName);
  const claim = world.store.get("persistentvolumeclaims", keyOf(snapshot.metadata.namespace, name));
  if (claim === undefined) {
    throw new Trouble(
      reason,
      `${words} snapshot controller failed to update ${snapshot.metadata.name} on API server: cannot get claim from snapshot`,
    );
  }
  if (!isBound(claim)) {
    throw new Trouble(
      reason,
      `${words} the PVC ${name} is not yet bound to a PV, will not attempt to take a snapshot`,
    );
  }
  return claim;
}

/** The class that is named, or the default one. */
function classOf({ world: { store } }: StorageWorld, snapshot: StoredObject): StoredObject {
  const name = jsonOf(snapshot.spec).volumeSnapshotClassName;
  if (typeof name === "string") {
    const found = store.get("volumesnapshotclasses", name);
    if (found !== undefined) return found;
    throw new Trouble(
      "GetSnapshotClassFailed",
      `Failed to get snapshot class with error volumesnapshotclass.snapshot.storage.k8s.io "${name}" not found`,
    );
  }
  const [first] = store
    .all("volumesnapshotclasses")
    .filter(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === "true");
  if (first !== undefined) return first;
  throw new Trouble(
    "SetDefaultSnapshotClassFailed",
    "Failed to set default snapshot class with error cannot find default snapshot class",
  );
}

export const contentNameOf = ({ metadata }: StoredObject): string => `snapcontent-${metadata.uid}`;

/** Makes the content that stands for it. @throws Trouble */
export function makeContent(
  deps: StorageWorld,
  snapshot: StoredObject,
  claim: StoredObject,
): StoredObject {
  const { world } = deps;
  const { metadata, driver, deletionPolicy } = classOf(deps, snapshot);
  const { namespace, name: snapshotName, uid } = snapshot.metadata;
  return world.store.put("volumesnapshotcontents", {
    apiVersion: snapshot.apiVersion,
    kind: "VolumeSnapshotContent",
    metadata: {
      name: contentNameOf(snapshot),
      uid: randomUUID(),
      resourceVersion: "",
      creationTimestamp: timeOf(world.now()),
    },
    spec: {
      deletionPolicy,
      driver,
      source: { volumeHandle: textOf(jsonOf(claim.spec).volumeName) },
      sourceVolumeMode: "Filesystem",
      volumeSnapshotClassName: metadata.name,
      volumeSnapshotRef: {
        apiVersion: snapshot.apiVersion,
        kind: snapshot.kind,
        namespace,
        name: snapshotName,
        uid,
      },
    },
  });
}
