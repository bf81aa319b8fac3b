/** A disk's volume grows: the cluster is told, and asked until it has. */
import { endResize, type OpenOperation } from "@airlock/jobs-store";
import { type Claim, ClusterError } from "../cluster/index.ts";
import {
  type DiskDeps,
  type DiskHold,
  demandWritten,
  findClaim,
  gibibytesOf,
  type Look,
} from "./disk-hold.ts";

const LIMIT_SECONDS = 600;
const SLOWEST_SECONDS = 15;

/** @throws ClusterError, StoreError, LeaseLost. */
export async function growVolume(
  deps: DiskDeps,
  hold: DiskHold,
  { operation_id: operationId, size_gb, age_seconds: ageSeconds }: OpenOperation,
): Promise<Look> {
  const { store, cluster } = deps;
  const wantedGb = size_gb ?? 0;
  const end = async (outcome: { sizeGb: number | undefined } | { error: string }) => {
    demandWritten(await endResize(store.pool, { ...hold.held, operationId, ...outcome }));
    return null;
  };
  try {
    const claim = await findClaim(deps, hold);
    if (claim === undefined) return await end({ error: "Its volume is gone." });
    if (hasGrown(claim, wantedGb)) {
      const capacityGb = gibibytesOf(claim.status.capacity.storage) ?? 0;
      return await end({ sizeGb: Math.max(capacityGb, wantedGb) });
    }
    if (claim.status.phase !== "Bound") return await end({ error: NOT_BOUND });
    if (ageSeconds > LIMIT_SECONDS) return await end({ error: lateWords(claim) });
    if (askedOf(claim) < wantedGb) {
      const patch = { spec: { resources: { requests: { storage: `${wantedGb}Gi` } } } };
      const { name, uid } = claim.metadata;
      const timeoutMs = hold.timeoutMs();
      await cluster.patch("persistentvolumeclaims", name, uid, patch, { timeoutMs });
    }
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    if (!error.isPermanent && ageSeconds <= LIMIT_SECONDS) throw error;
    return await end({ error: error.message });
  }
  return Math.min(SLOWEST_SECONDS, 1 + ageSeconds / 10);
}

const NOT_BOUND =
  "It has no volume yet: that is made when the first job mounts it. Ask again after that, or make another disk.";

const askedOf = ({ spec }: Claim): number => gibibytesOf(spec.requests.storage) ?? 0;

/** What is left is the file system, which grows as the next pod mounts it. */
function hasGrown(claim: Claim, wantedGb: number): boolean {
  const { capacity } = claim.status;
  if ((gibibytesOf(capacity.storage) ?? 0) >= wantedGb) return true;
  return askedOf(claim) >= wantedGb && conditionOf(claim, "FileSystemResizePending") !== undefined;
}

const conditionOf = ({ status }: Claim, type: string) =>
  status.conditions.find((one) => one.type === type && one.status === "True");

function lateWords(claim: Claim): string {
  const message = ["ControllerResizeError", "NodeResizeError"]
    .map((type) => conditionOf(claim, type)?.message)
    .find((words) => words !== undefined && words !== "");
  const why = message === undefined ? "" : ` The driver says: ${message}`;
  return `It has not grown in ${LIMIT_SECONDS / 60} minutes; the cluster may go on trying.${why}`;
}
