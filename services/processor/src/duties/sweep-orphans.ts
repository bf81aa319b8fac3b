/**
 * Takes pods away that no job has any more, such as one that was made a moment too late, and writes down
 * what was found, for operators.
 */
import { findOrphans, listUnwantedStrays, noteStrays, type Store } from "@airlock/jobs-store";
import type { Cluster } from "../cluster/index.ts";
import type { Log } from "../log.ts";
import { identityOf, OWN_OBJECTS } from "../pod/pod-names.ts";

export interface Sweep {
  readonly removed: number;
  /** Of jobs that this database does not know: whoever restored it decides. They end by themselves, too. */
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
  const [strays, unwanted] = await Promise.all([
    findOrphans(store.pool, seen),
    listUnwantedStrays(store.pool),
  ]);
  const found = strays.flatMap(({ uid, stray: kind }) => {
    const pod = seen.find((one) => one.uid === uid);
    const isRemoved = kind === "orphan" || unwanted.includes(uid);
    return pod ? [{ ...pod, podName: pod.name, kind, isRemoved }] : [];
  });
  const orphans = found.filter(({ isRemoved }) => isRemoved);
  for (const { uid, name, reservationId: job, kind } of orphans) {
    await cluster.remove("pods", name, uid);
    log.warn({ job, pod: name, uid, kind }, "a pod that no job has is removed");
  }
  await noteStrays(store.pool, found);
  return { removed: orphans.length, unknown: found.length - orphans.length };
}

interface SweepDeps {
  readonly store: Store;
  readonly cluster: Cluster;
  readonly log: Log;
}
