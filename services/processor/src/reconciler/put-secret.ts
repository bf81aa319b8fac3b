/** Puts a Secret of a job's pod in its whole: nobody reads one back. */
import { type Cluster, ClusterError, type Manifest, type Secret } from "../cluster/index.ts";
import type { Hold } from "./hold.ts";

/**
 * One that somebody has deleted is made anew.
 *
 * @param uid undefined: whatever has its name, which is the pod's own.
 * @throws ClusterError, LeaseLost.
 */
export async function putSecret(
  cluster: Cluster,
  manifest: Manifest,
  uid: string | undefined,
  hold: Hold,
): Promise<Secret> {
  try {
    return await cluster.replace("secrets", manifest, uid, { timeoutMs: hold.timeoutMs() });
  } catch (error) {
    // somebody has deleted it
    const isGone =
      error instanceof ClusterError && (error.kind === "not_found" || error.kind === "conflict");
    if (!isGone) throw error;
  }
  return await cluster.create("secrets", manifest, { timeoutMs: hold.timeoutMs() });
}
