/** Takes pods away that no job has any more, such as one that was made a moment too late. */
import { findOrphans, type Store } from "@airlock/jobs-store";
import type { Cluster } from "../cluster/index.ts";
import type { Log } from "../log.ts";
import { identityOf, OWN_OBJECTS } from "../pod/pod-names.ts";

export interface Sweep {
  readonly removed: number;
  /** Of jobs that this database does not know: whoever restored it decides. They end by themselves. */
  readonly unknown: number;
}

export async function sweepOrphans({ store, cluster, log }: SweepDeps): Promise<Sweep> {
  const pods = await cluster.list("pods", { labels: OWN_OBJECTS });
  const seen = pods.flatMap((pod) => {
    const identity = identityOf(pod);
    const { uid, name } = pod.metadata;
    return identity
      ? [{ reservationId: identity.jobId, generation: identity.generation, uid, name }]
      : [];
  });
  const strays = await findOrphans(store.pool, seen);
  const orphans = strays.filter(({ stray }) => stray === "orphan");
  for (const { uid } of orphans) {
    const pod = seen.find((one) => one.uid === uid);
    if (pod === undefined) continue;
    await cluster.remove("pods", pod.name, uid);
    log.warn({ job: pod.reservationId, pod: pod.name, uid }, "a pod that no job has is removed");
  }
  return { removed: orphans.length, unknown: strays.length - orphans.length };
}

interface SweepDeps {
  readonly store: Store;
  readonly cluster: Cluster;
  readonly log: Log;
}
