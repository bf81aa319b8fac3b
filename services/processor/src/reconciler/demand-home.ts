/** Sees to it that a job's disk is there before its pod is made. */
import type { Cluster } from "../cluster/index.ts";
import { isClaimOf } from "../disks/claim-manifest.ts";
import { claimNameOf } from "../disks/disk-names.ts";
import type { Hold } from "./hold.ts";
import { Impossible } from "./impossible.ts";

/**
 * A new claim under the name of one that is gone would be an empty home, which nobody asked for.
 *
 * @throws ClusterError, LeaseLost, Impossible.
 */
export async function demandHome(cluster: Cluster, diskId: string, hold: Hold): Promise<void> {
  const timeoutMs = hold.timeoutMs();
  const name = claimNameOf(diskId);
  const claim = await cluster.get("persistentvolumeclaims", name, { timeoutMs });
  if (claim !== undefined && isClaimOf(claim, diskId)) return;
  throw new Impossible(
    `The volume of its disk ${hold.job.disk_name} is gone: it was deleted by somebody else than Airlock.`,
  );
}
