/** The end of a deleted disk: once its day has come, all that it is in the cluster is taken away. */
import { beginPurge, endPurge } from "@airlock/jobs-store";
import { cleared, type DiskDeps, type DiskHold, demandWritten, type Look } from "./disk-hold.ts";
import { claimNameOf, isOfDisk } from "./disk-names.ts";

const SOON_SECONDS = 5;

/** From then on nobody restores it. @throws StoreError, LeaseLost. */
export async function beginEnd({ store }: DiskDeps, { held }: DiskHold): Promise<Look> {
  demandWritten(await beginPurge(store.pool, held));
  return 0;
}

/** @returns undefined when it is over: the disk is nobody's then. @throws ClusterError, StoreError, LeaseLost. */
export async function endDisk(
  { store, cluster }: DiskDeps,
  hold: DiskHold,
): Promise<Look | undefined> {
  const { disk, held } = hold;
  // whoever takes those away says when
  if (disk.snapshots.length > 0) return null;
  const name = claimNameOf(disk.disk_id);
  const timeoutMs = hold.timeoutMs();
  const claim = await cluster.get("persistentvolumeclaims", name, { timeoutMs });
  const own = claim !== undefined && isOfDisk(claim, disk.disk_id) ? claim : undefined;
  const remove = (uid: string) =>
    cluster.remove("persistentvolumeclaims", name, uid, { timeoutMs: hold.timeoutMs() });
  if (!(await cleared(own, remove))) return SOON_SECONDS;
  demandWritten(await endPurge(store.pool, held));
  return undefined;
}
