/** Takes what a VolumeSnapshot asks for, as snapshot controller, sidecar and driver do together, in their words. */
import { randomUUID } from "node:crypto";
import { finish } from "../api/remove.ts";
import { isBound, sizeOf } from "../claims.ts";
import {
  type Json,
  jsonOf,
  keyOf,
  keyOfObject,
  type StoredObject,
  textOf,
  timeOf,
} from "../objects.ts";
import { parseQuantity } from "../scheduler/quantity.ts";
import { DEFAULT_CLASS } from "./snapshot-class.ts";
import type { StorageWorld } from "./storage-world.ts";

const PROTECTION = "snapshot.storage.kubernetes.io/volumesnapshot-bound-protection";

/** A refusal of the controller: its event's reason, and its sentence. */
class Trouble extends Error {
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

const statusOf = ({ status }: StoredObject): Json => jsonOf(status);

/** @returns whether there is nothing left to do. */
export async function takeSnapshot(deps: StorageWorld, snapshot: StoredObject): Promise<boolean> {
  if (statusOf(snapshot).readyToUse === true) return true;
  try {
    const claim = claimOf(deps, snapshot);
    const content = contentOf(deps, snapshot, claim);
    return await take(deps, snapshot, content, claim);
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    fail(deps, snapshot, error);
    return false;
  }
}

/** What the snapshot says is written onto what is there of it now. */
function tell({ world }: StorageWorld, snapshot: StoredObject, status: Json): void {
  const now = world.store.get("volumesnapshots", keyOfObject(snapshot));
  if (now?.metadata.uid !== snapshot.metadata.uid) return;
  const whole = JSON.parse(JSON.stringify({ ...statusOf(now), ...status }));
  world.store.update("volumesnapshots", { ...now, status: whole });
}

function fail(deps: StorageWorld, snapshot: StoredObject, { reason, message }: Trouble): void {
  const { world, record } = deps;
  record(snapshot, "Warning", reason, message);
  tell(deps, snapshot, { error: { message, time: timeOf(world.now()) }, readyToUse: false });
}

function claimOf({ world }: StorageWorld, snapshot: StoredObject): StoredObject {
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

/** The content that stands for it, made when there is none yet. */
function contentOf(deps: StorageWorld, snapshot: StoredObject, claim: StoredObject): StoredObject {
  const { world, record } = deps;
  const name = `snapcontent-${snapshot.metadata.uid}`;
  const there = world.store.get("volumesnapshotcontents", name);
  if (there !== undefined) return there;
  const { metadata, driver, deletionPolicy } = classOf(deps, snapshot);
  const { namespace, name: snapshotName, uid } = snapshot.metadata;
  const content = world.store.put("volumesnapshotcontents", {
    apiVersion: snapshot.apiVersion,
    kind: "VolumeSnapshotContent",
    metadata: {
      name,
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
  const key = `${namespace}/${snapshotName}`;
  const finalizers = [...(snapshot.metadata.finalizers ?? []), PROTECTION];
  world.store.update("volumesnapshots", {
    ...snapshot,
    metadata: { ...snapshot.metadata, finalizers },
    spec: { ...jsonOf(snapshot.spec), volumeSnapshotClassName: metadata.name },
  });
  tell(deps, snapshot, { boundVolumeSnapshotContentName: name, readyToUse: false });
  const words = `Waiting for a snapshot ${key} to be created by the CSI driver.`;
  record(snapshot, "Normal", "CreatingSnapshot", words);
  return content;
}

/** As the driver does it. */
async function take(
  deps: StorageWorld,
  snapshot: StoredObject,
  content: StoredObject,
  claim: StoredObject,
): Promise<boolean> {
  const { world, volumes, record, reading, wait } = deps;
  const { store, storage, now } = world;
  const { name } = snapshot.metadata;
  const says = (status: Json) => {
    const there = store.get("volumesnapshotcontents", content.metadata.name);
    if (there === undefined) return;
    store.update("volumesnapshotcontents", { ...there, status: { ...statusOf(there), ...status } });
  };
  if (storage.strike(["snapshotNeverTaken"], name)) return false;
  const refused = (words: string) => {
    const desc = `"rpc error: code = Internal desc = ${words}"`;
    const volume = textOf(jsonOf(claim.spec).volumeName);
    const message = `Failed to check and update snapshot content: failed to take snapshot of the volume ${volume}: ${desc}`;
    return new Trouble("SnapshotContentCheckandUpdateFailed", message);
  };
  const error = storage.strike(["snapshotError"], name);
  if (error !== undefined) throw refused(error.message);
  if (statusOf(content).creationTime === undefined) {
    const takenMs = now();
    const restoreSize = sizeOf(claim);
    try {
      if (volumes !== undefined) await reading(claim, () => volumes.take(content, claim));
    } catch (thrown) {
      throw refused((thrown as Error).message);
    }
    says({
      snapshotHandle: content.metadata.name,
      creationTime: takenMs * 1e6,
      restoreSize: parseQuantity(restoreSize),
      readyToUse: false,
    });
    const creationTime = timeOf(takenMs);
    tell(deps, snapshot, { creationTime, restoreSize, readyToUse: false, error: undefined });
    const words = `Snapshot ${keyOfObject(snapshot)} was successfully created by the CSI driver.`;
    record(snapshot, "Normal", "SnapshotCreated", words);
    const slow = storage.strike(["snapshotSlow"], name);
    if (slow !== undefined) await wait(slow.delayMs);
  }
  if (storage.strike(["snapshotNeverReady"], name)) return false;
  says({ readyToUse: true });
  tell(deps, snapshot, { readyToUse: true, error: undefined });
  record(snapshot, "Normal", "SnapshotReady", `Snapshot ${keyOfObject(snapshot)} is ready to use.`);
  return true;
}

/** One that is deleted goes when nothing is copied from it; what it holds goes with it if its class says so. */
export function removeSnapshot({ world, isRead }: StorageWorld, snapshot: StoredObject): void {
  const { store } = world;
  const bound = textOf(statusOf(snapshot).boundVolumeSnapshotContentName);
  const content = store.get("volumesnapshotcontents", bound);
  if (content !== undefined) {
    if (isRead(content)) return;
    if (jsonOf(content.spec).deletionPolicy === "Delete") {
      finish(world, "volumesnapshotcontents", content);
    }
  }
  const { finalizers = [] } = snapshot.metadata;
  const left = finalizers.filter((one) => one !== PROTECTION);
  const metadata = { ...snapshot.metadata, finalizers: left };
  const stored = store.update("volumesnapshots", { ...snapshot, metadata });
  if (left.length === 0) finish(world, "volumesnapshots", stored);
}
