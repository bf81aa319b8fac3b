/** A disk in the hands of this process: what is done for it, and what is written about it. */
import type { DueDisk, HeldDisk, Store } from "@airlock/jobs-store";
import type { Claim, Cluster, Meta, Removal } from "../cluster/index.ts";
import { amountOf } from "../placement/quantity.ts";
import { LeaseLost } from "../reconciler/hold.ts";
import { isClaimOf } from "./claim-manifest.ts";
import { claimNameOf } from "./disk-names.ts";
import type { DiskRules } from "./disk-rules.ts";

export interface DiskHold {
  readonly disk: DueDisk;
  /** With which whatever is written about it is guarded. */
  readonly held: HeldDisk;
  /** How long a call to the cluster may take. @throws LeaseLost */
  timeoutMs(): number;
}

export interface DiskDeps {
  readonly store: Store;
  readonly cluster: Cluster;
  readonly rules: DiskRules;
  /** Jobs that wait for a disk may go on. */
  readonly onReady: () => void;
  readonly onSnapshot: (outcome: "ready" | "failed") => void;
}

/** When it is to be looked at again, in seconds; null: nothing more is expected of this. */
export type Look = number | null;

/** What the cluster says of a volume that it does not make; it is tried again all the same. */
export class VolumeTrouble extends Error {}

/** @throws LeaseLost when nothing was written. */
export function demandWritten(isWritten: boolean): void {
  if (!isWritten) throw new LeaseLost("it is somebody else's");
}

/** Undefined where there is none of this disk, or it is on its way out. @throws ClusterError */
export async function findClaim(
  { cluster }: Pick<DiskDeps, "cluster">,
  hold: DiskHold,
): Promise<Claim | undefined> {
  const { disk_id: diskId } = hold.disk;
  const timeoutMs = hold.timeoutMs();
  const claim = await cluster.get("persistentvolumeclaims", claimNameOf(diskId), { timeoutMs });
  return claim && isClaimOf(claim, diskId) ? claim : undefined;
}

/** @param found what has the name, if anything has. @returns whether it is gone. @throws ClusterError */
export const cleared = async (
  found: { readonly metadata: Meta } | undefined,
  remove: (uid: string) => Promise<Removal>,
): Promise<boolean> => found === undefined || (await remove(found.metadata.uid)) !== "ending";

const GIB = 2 ** 30;

/** In whole gibibytes; undefined for what says nothing. */
export function gibibytesOf(quantity: string | undefined): number | undefined {
  const amount = amountOf(quantity);
  return amount === 0 ? undefined : Math.ceil(amount / GIB);
}
