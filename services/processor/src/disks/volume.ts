/** A disk's volume is made: an empty one, or one of a snapshot. */
import { moveDisk, noteSnapshotForCopy } from "@airlock/jobs-store";
import { type Claim, ClusterError } from "../cluster/index.ts";
import { claimManifest } from "./claim-manifest.ts";
import {
  type DiskDeps,
  type DiskHold,
  demandWritten,
  findClaim,
  gibibytesOf,
  type Look,
  VolumeTrouble,
} from "./disk-hold.ts";

/** Of rows of the first release, which may have none. */
const SIZE_GB = 100;
const SOON_SECONDS = 2;
/** While another snapshot is taken for it. */
const SOURCE_SECONDS = 5;
/** Nothing is expected before a pod mounts it. */
const UNBOUND_SECONDS = 600;
/** A class that binds at once has said something by then. */
const SILENT_MS = 60_000;

/** @throws ClusterError, StoreError, LeaseLost. */
export async function makeVolume(deps: DiskDeps, hold: DiskHold): Promise<Look> {
  const claim = await makeOrFind(deps, hold);
  demandWritten(await moveDisk(deps.store.pool, { ...hold.held, to: "ready", ...sizeOf(claim) }));
  deps.onReady();
  return null;
}

/** What it is to be made of comes first. @throws ClusterError, StoreError, LeaseLost, VolumeTrouble. */
export async function copyVolume(deps: DiskDeps, hold: DiskHold): Promise<Look> {
  const { store, onReady } = deps;
  const { disk, held } = hold;
  const refuse = async (refusal: string) => {
    demandWritten(await moveDisk(store.pool, { ...held, to: "failed", refusal, isWhole: true }));
    return null;
  };
  const { source_disk_id: sourceDiskId, source_snapshot_id: snapshotId } = disk;
  if (snapshotId === null) {
    const isNoted =
      sourceDiskId !== null &&
      (await store.transaction((transaction) =>
        noteSnapshotForCopy(transaction, { ...held, sourceDiskId }),
      ));
    return isNoted ? SOURCE_SECONDS : refuse("The disk that it was to be made of is gone.");
  }
  switch (disk.source_snapshot_state) {
    case "wanted":
    case "taking":
      return SOURCE_SECONDS;
    case "failed":
      return refuse(`No snapshot could be taken to make it of: ${disk.source_snapshot_error}`);
    case null:
    case "gone":
      return refuse("The snapshot that it was to be made of is gone.");
  }
  const claim = await makeOrFind(deps, hold);
  const isBound = claim.status.phase === "Bound";
  if (!isBound && !(await waitsForItsPod(deps, hold, claim))) return SOON_SECONDS;
  const size = sizeOf(claim);
  demandWritten(await moveDisk(store.pool, { ...held, to: "ready", isWhole: isBound, ...size }));
  onReady();
  return isBound ? null : UNBOUND_SECONDS;
}

/** The snapshot that it is made of is kept until it has a volume of its own. @throws ClusterError, StoreError, LeaseLost. */
export async function watchBinding(deps: DiskDeps, hold: DiskHold): Promise<Look> {
  const claim = await findClaim(deps, hold);
  if (claim === undefined) return null;
  if (claim.status.phase !== "Bound") return UNBOUND_SECONDS;
  const moved = { ...hold.held, to: "ready", isWhole: true, ...sizeOf(claim) } as const;
  demandWritten(await moveDisk(deps.store.pool, moved));
  return null;
}

async function makeOrFind(deps: DiskDeps, hold: DiskHold): Promise<Claim> {
  const { cluster, rules } = deps;
  const { disk } = hold;
  const { disk_id: diskId, username: owner, source_snapshot_id, source_snapshot_size_gb } = disk;
  // some drivers make volumes larger than they were asked for, and their snapshots too
  const sizeGb = Math.max(disk.size_gb ?? SIZE_GB, source_snapshot_size_gb ?? 0);
  const wish = { diskId, owner, sizeGb, fromSnapshot: source_snapshot_id ?? undefined };
  const manifest = claimManifest(wish, rules);
  try {
    const timeoutMs = hold.timeoutMs();
    return await cluster.create("persistentvolumeclaims", manifest, { timeoutMs });
  } catch (error) {
    if (!(error instanceof ClusterError && error.kind === "already_exists")) throw error;
    const found = await findClaim(deps, hold);
    if (found === undefined) throw error;
    return found;
  }
}

/** Until a pod mounts it there is nothing to bind, where its class says so. @throws VolumeTrouble */
async function waitsForItsPod(
  { cluster }: DiskDeps,
  hold: DiskHold,
  { metadata }: Claim,
): Promise<boolean> {
  const fields = `involvedObject.uid=${metadata.uid}`;
  const events = await cluster.list("events", { fields }, { timeoutMs: hold.timeoutMs() });
  const last = events.toSorted((a, b) => a.at.localeCompare(b.at)).at(-1);
  if (last?.reason === "ProvisioningFailed") throw new VolumeTrouble(last.message);
  if (events.some(({ reason }) => reason === "WaitForFirstConsumer")) return true;
  return Date.now() - Date.parse(metadata.creationTimestamp) > SILENT_MS;
}

function sizeOf({ status }: Claim) {
  return { sizeGb: gibibytesOf(status.capacity.storage) };
}
