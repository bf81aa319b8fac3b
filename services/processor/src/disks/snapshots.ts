/** Snapshots of a disk: the cluster is told to take one, asked until it is there, and told to take it away. */
import {
  dropSnapshot,
  moveSnapshot,
  noteSnapshotAsked,
  type OpenOperation,
  type OpenSnapshot,
  type SnapshotMove,
} from "@airlock/jobs-store";
import { ClusterError, unlessThere } from "../cluster/index.ts";
import {
  cleared,
  type DiskDeps,
  type DiskHold,
  demandWritten,
  gibibytesOf,
  type Look,
} from "./disk-hold.ts";
import { snapshotNameOf } from "./disk-names.ts";
import { snapshotManifest } from "./snapshot-manifest.ts";

const AT_ONCE = 0;
const SOON_SECONDS = 2;
const LATER_SECONDS = 10;
/** One that is not cut by then has failed. */
const CUT_SECONDS = 600;
/** What is cut may have to be copied somewhere, all of a large volume the first time. */
const READY_SECONDS = 86_400;
/** Of one that something else is made of. */
const NEEDED_SECONDS = 60;

/** What its owner has asked for. @throws StoreError */
export async function noteSnapshot(
  { store }: DiskDeps,
  { held }: DiskHold,
  { operation_id: operationId }: OpenOperation,
): Promise<Look> {
  demandWritten(await noteSnapshotAsked(store.pool, { ...held, operationId }));
  return AT_ONCE;
}

/** @throws ClusterError, StoreError, LeaseLost. */
export async function takeSnapshot(
  deps: DiskDeps,
  hold: DiskHold,
  snapshot: OpenSnapshot,
): Promise<Look> {
  const { cluster, rules } = deps;
  const { disk } = hold;
  const { snapshot_id: snapshotId, age_seconds: ageSeconds } = snapshot;
  if (!rules.takesSnapshots) return fail(deps, hold, snapshot, SWITCHED_OFF);
  try {
    const wish = { diskId: disk.disk_id, owner: disk.username, snapshotId };
    const timeoutMs = hold.timeoutMs();
    const manifest = snapshotManifest(wish, rules);
    await unlessThere(cluster.create("volumesnapshots", manifest, { timeoutMs }));
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    // without a namespace, or without this API, there is none for long
    const isFinal = error.isPermanent || error.kind === "not_found" || ageSeconds > CUT_SECONDS;
    if (!isFinal) throw error;
    return fail(deps, hold, snapshot, error.message);
  }
  await move(deps, hold, snapshot, { to: "taking" });
  return AT_ONCE;
}

const SWITCHED_OFF = "Snapshots are switched off here (DISK_SNAPSHOT_CLASS).";

/** @throws ClusterError, StoreError, LeaseLost. */
export async function seeSnapshot(
  deps: DiskDeps,
  hold: DiskHold,
  snapshot: OpenSnapshot,
): Promise<Look> {
  const { cluster, rules, onReady, onSnapshot } = deps;
  const { snapshot_id, is_cut, age_seconds: ageSeconds } = snapshot;
  const name = snapshotNameOf(snapshot_id);
  const found = await cluster.get("volumesnapshots", name, { timeoutMs: hold.timeoutMs() });
  const isLate = ageSeconds > (is_cut ? READY_SECONDS : CUT_SECONDS);
  if (found === undefined && !isLate) {
    return fail(deps, hold, snapshot, "It was deleted by somebody else than Airlock.");
  }
  const { readyToUse, creationTime, restoreSize, error = "" } = found?.status ?? {};
  if (readyToUse === true) {
    const sizeGb = gibibytesOf(restoreSize) ?? null;
    await move(deps, hold, snapshot, { to: "ready", sizeGb, readsContent: rules.readsContent });
    onSnapshot("ready");
    onReady();
    return rules.readsContent ? AT_ONCE : null;
  }
  if (isLate) {
    const hours = `in ${is_cut ? "a day" : `${CUT_SECONDS / 60} minutes`}`;
    return fail(deps, hold, snapshot, error || `It was not there ${hours}.`);
  }
  if (creationTime !== undefined && !is_cut) {
    await move(deps, hold, snapshot, { to: "cut" });
    onReady();
  }
  return ageSeconds < 60 ? SOON_SECONDS : LATER_SECONDS;
}

/** The volume is as it was. Nothing of the snapshot is left. */
async function fail(
  deps: DiskDeps,
  hold: DiskHold,
  snapshot: OpenSnapshot,
  error: string,
): Promise<Look> {
  await isCleared(deps, hold, snapshot).catch((trouble) => {
    // who may not take any has none either
    if (!(trouble instanceof ClusterError && trouble.kind === "forbidden")) throw trouble;
  });
  // a finalizer takes its time; nothing more is expected of it
  await move(deps, hold, snapshot, { to: "failed", error });
  deps.onSnapshot("failed");
  deps.onReady();
  return null;
}

/** @throws ClusterError, StoreError, LeaseLost. */
export async function removeSnapshot(
  deps: DiskDeps,
  hold: DiskHold,
  snapshot: OpenSnapshot,
): Promise<Look> {
  const { snapshot_id: snapshotId, is_needed, content_state } = snapshot;
  if (is_needed) return NEEDED_SECONDS;
  // whoever reads it is cleared away first
  if (content_state !== null && content_state !== "done") return SOON_SECONDS;
  if (!(await isCleared(deps, hold, snapshot))) return SOON_SECONDS;
  demandWritten(await dropSnapshot(deps.store.pool, { ...hold.held, snapshotId }));
  return AT_ONCE;
}

async function isCleared(
  { cluster }: DiskDeps,
  hold: DiskHold,
  { snapshot_id }: OpenSnapshot,
): Promise<boolean> {
  const name = snapshotNameOf(snapshot_id);
  const found = await cluster.get("volumesnapshots", name, { timeoutMs: hold.timeoutMs() });
  return cleared(found, (uid) =>
    cluster.remove("volumesnapshots", name, uid, { timeoutMs: hold.timeoutMs() }),
  );
}

const move = async (
  { store }: DiskDeps,
  { held }: DiskHold,
  { snapshot_id: snapshotId }: OpenSnapshot,
  moved: SnapshotMove,
): Promise<void> =>
  demandWritten(await moveSnapshot(store.pool, { ...held, snapshotId, ...moved }));
