/** Takes what a VolumeSnapshot asks for, as snapshot controller, sidecar and driver do together, in their words. */
import { finish } from "../api/remove.ts";
import { sizeOf } from "../claims.ts";
import { type Json, jsonOf, keyOfObject, type StoredObject, textOf, timeOf } from "../objects.ts";
import { parseQuantity } from "../scheduler/quantity.ts";
import { claimOf, contentNameOf, makeContent, PROTECTION, Trouble } from "./snapshot-parts.ts";
import type { StorageWorld } from "./storage-world.ts";

const statusOf = (object: StoredObject | undefined): Json => jsonOf(object?.status);

/** @returns whether there is nothing left to do. */
export async function takeSnapshot(deps: StorageWorld, snapshot: StoredObject): Promise<boolean> {
  if (statusOf(snapshot).readyToUse === true) return true;
  const content = deps.world.store.get("volumesnapshotcontents", contentNameOf(snapshot));
  // what was cut needs its claim no more
  if (statusOf(content).creationTime !== undefined) return release(deps, snapshot);
  try {
    return (await cut(deps, snapshot, content)) && release(deps, snapshot);
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    const { reason, message } = error;
    deps.record(snapshot, "Warning", reason, message);
    const failure = { message, time: timeOf(deps.world.now()) };
    tell(deps, snapshot, { error: failure, readyToUse: false });
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

function tellContent({ world: { store } }: StorageWorld, name: string, status: Json): void {
  const content = store.get("volumesnapshotcontents", name);
  if (content === undefined) return;
  store.update("volumesnapshotcontents", {
    ...content,
    status: { ...statusOf(content), ...status },
  });
}

function bind(deps: StorageWorld, snapshot: StoredObject, { metadata, spec }: StoredObject): void {
  const { world, record } = deps;
  const finalizers = [...(snapshot.metadata.finalizers ?? []), PROTECTION];
  const { volumeSnapshotClassName } = jsonOf(spec);
  world.store.update("volumesnapshots", {
    ...snapshot,
    metadata: { ...snapshot.metadata, finalizers },
    spec: { ...jsonOf(snapshot.spec), volumeSnapshotClassName },
  });
  tell(deps, snapshot, { boundVolumeSnapshotContentName: metadata.name, readyToUse: false });
  const words = `Waiting for a snapshot ${keyOfObject(snapshot)} to be created by the CSI driver.`;
  record(snapshot, "Normal", "CreatingSnapshot", words);
}

/** From then on it stands still. @returns whether it was cut. @throws Trouble */
async function cut(
  deps: StorageWorld,
  snapshot: StoredObject,
  before: StoredObject | undefined,
): Promise<boolean> {
  const { world, volumes, record, reading, wait } = deps;
  const { storage, now } = world;
  const { name } = snapshot.metadata;
  const claim = claimOf(deps, snapshot);
  const content = before ?? makeContent(deps, snapshot, claim);
  if (statusOf(snapshot).boundVolumeSnapshotContentName === undefined) {
    bind(deps, snapshot, content);
  }
  if (storage.strike(["snapshotNeverTaken"], name)) return false;
  const refused = (words: string) => {
    const desc = `"rpc error: code = Internal desc = ${words}"`;
    const volume = textOf(jsonOf(claim.spec).volumeName);
    const message = `Failed to check and update snapshot content: failed to take snapshot of the volume ${volume}: ${desc}`;
    return new Trouble("SnapshotContentCheckandUpdateFailed", message);
  };
  const error = storage.strike(["snapshotError"], name);
  if (error !== undefined) throw refused(error.message);
  const cutMs = now();
  const restoreSize = sizeOf(claim);
  try {
    if (volumes !== undefined) await reading(claim, () => volumes.take(content, claim));
  } catch (thrown) {
    throw refused((thrown as Error).message);
  }
  tellContent(deps, content.metadata.name, {
    snapshotHandle: content.metadata.name,
    creationTime: cutMs * 1e6,
    restoreSize: parseQuantity(restoreSize),
    readyToUse: false,
  });
  const creationTime = timeOf(cutMs);
  tell(deps, snapshot, { creationTime, restoreSize, readyToUse: false, error: undefined });
  const words = `Snapshot ${keyOfObject(snapshot)} was successfully created by the CSI driver.`;
  record(snapshot, "Normal", "SnapshotCreated", words);
  const slow = storage.strike(["snapshotSlow"], name);
  if (slow !== undefined) await wait(slow.delayMs);
  return true;
}

/** @returns whether it can be used. */
function release(deps: StorageWorld, snapshot: StoredObject): boolean {
  const { world, record } = deps;
  if (world.storage.strike(["snapshotNeverReady"], snapshot.metadata.name)) return false;
  tellContent(deps, contentNameOf(snapshot), { readyToUse: true });
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
