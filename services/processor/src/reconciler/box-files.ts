/** Puts the files of a job's box anew, whole, from what its row says, and sees to it that its node looks at them. */
import { type JobFiles, noteFiles, notePoke, readJobFiles, type Sealer } from "@airlock/jobs-store";
import { ClusterError } from "../cluster/index.ts";
import { filesSecret } from "../pod/secret-manifest.ts";
import { type Hold, LeaseLost } from "./hold.ts";
import type { MakePodDeps } from "./make-pod.ts";
import { putSecret } from "./put-secret.ts";

type Deps = Pick<MakePodDeps, "store" | "cluster" | "sealer">;

/** What a node has to see before it looks: any change of the pod. */
const MARK = "airlock/files";

/** @throws ClusterError, StoreError, LeaseLost; Error while a key is gone that something was sealed with. */
export async function putFiles({ store, cluster, sealer }: Deps, hold: Hold): Promise<void> {
  const { job, lease } = hold;
  const reservationId = job.reservation_id;
  const files = await readFiles({ store }, hold);
  const manifest = filesSecret(ownerOf(hold, files), {
    hostKey: openSealed(sealer, hold, "host_key", files.host_key_sealed) ?? "",
    authorizedKeys: [...new Set(files.authorized_keys)],
    jupyterToken: files.jupyter_enabled ? tokenOf(sealer, hold, files) : undefined,
    notice: files.warning ?? undefined,
  });
  const { metadata } = await putSecret(cluster, manifest, files.files_uid ?? undefined, hold);
  const isNoted = await noteFiles(store.pool, {
    reservationId,
    lease,
    version: files.files_version,
    uid: metadata.uid,
    mark: metadata.resourceVersion,
  });
  if (!isNoted) throw new LeaseLost("it is somebody else's");
}

/** @throws ClusterError, StoreError, LeaseLost. */
export async function poke({ store, cluster }: Deps, hold: Hold): Promise<void> {
  const { job, lease } = hold;
  const annotations = { [MARK]: `${job.files_mark}.${job.pokes_left}` };
  try {
    const uid = job.pod_uid ?? "";
    const timeoutMs = hold.timeoutMs();
    await cluster.patch(
      "pods",
      job.pod_name ?? "",
      uid,
      { metadata: { annotations } },
      { timeoutMs },
    );
  } catch (error) {
    // it has gone, which whoever looks next will see
    const isGone =
      error instanceof ClusterError && (error.kind === "not_found" || error.kind === "conflict");
    if (!isGone) throw error;
  }
  const isNoted = await notePoke(store.pool, { reservationId: job.reservation_id, lease });
  if (!isNoted) throw new LeaseLost("it is somebody else's");
}

/** @throws StoreError, LeaseLost. */
export async function readFiles({ store }: Pick<Deps, "store">, hold: Hold): Promise<JobFiles> {
  const { job, lease } = hold;
  const args = { reservationId: job.reservation_id, lease };
  const files = await readJobFiles(store.pool, args);
  if (files === undefined) throw new LeaseLost("it is over");
  return files;
}

export const ownerOf = ({ job }: Hold, files: JobFiles) => ({
  jobId: job.reservation_id,
  generation: files.generation,
  podName: files.pod_name,
  podUid: files.pod_uid,
});

/** Undefined while it has none. @throws Error */
export const tokenOf = (sealer: Sealer, hold: Hold, files: JobFiles): string | undefined =>
  openSealed(sealer, hold, "jupyter_token", files.jupyter_token_sealed);

function openSealed(
  sealer: Sealer,
  { job }: Hold,
  column: "host_key" | "jupyter_token",
  sealed: JobFiles["host_key_sealed"],
): string | undefined {
  if (sealed === null) return undefined;
  try {
    return sealer.open({ reservationId: job.reservation_id, column }, sealed);
  } catch {
    // the job goes on as it is, and the key may come back
    throw new Error(`its ${column} cannot be read: the key that it was sealed with is gone`);
  }
}
