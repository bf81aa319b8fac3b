/** What pods that are no jobs take of the nodes. */
import { type ForeignAmount, type Store, writeForeignAmounts } from "@airlock/jobs-store";
import type { Cluster, Pod } from "../cluster/index.ts";
import { identityOf } from "../pod/pod-names.ts";
import { type IsGpu, requestedBy } from "./own-pods.ts";

/** Needs the right to list the pods of all namespaces. */
export async function countForeignPods(
  cluster: Cluster,
  store: Store,
  isGpu: IsGpu,
): Promise<void> {
  const fields = "status.phase!=Succeeded,status.phase!=Failed";
  const pods = await cluster.list("pods", { namespace: "*", fields });
  await writeForeignAmounts(store.pool, foreignAmountsOf(pods, isGpu));
}

export function foreignAmountsOf(pods: readonly Pod[], isGpu: IsGpu): ForeignAmount[] {
  const byNode = new Map<string, ForeignAmount>();
  for (const pod of pods) {
    const { nodeName } = pod.spec;
    if (nodeName === "" || identityOf(pod)) continue;
    const { gpus, cpuMillis, memoryMib } = requestedBy(pod, isGpu);
    const before = byNode.get(nodeName) ?? { nodeName, gpus: 0, cpuMillis: 0, memoryMib: 0 };
    byNode.set(nodeName, {
      nodeName,
      gpus: before.gpus + gpus,
      cpuMillis: before.cpuMillis + cpuMillis,
      memoryMib: before.memoryMib + memoryMib,
    });
  }
  return [...byNode.values()];
}
