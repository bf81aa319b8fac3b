/** The pods of jobs that the cluster shows, as placement counts them. */
import { type Amount, type Store, writeUnbookedAmounts } from "@airlock/jobs-store";
import type { Pod } from "../cluster/index.ts";
import { identityOf, type PodIdentity } from "../pod/pod-names.ts";
import { amountOf, mebibytesOf, millisOf } from "./quantity.ts";

export interface OwnPod extends PodIdentity {
  readonly uid: string;
  /** Empty until it has one. */
  readonly nodeName: string;
  readonly amount: Amount;
}

/** Those that are over hold nothing. */
export const ownPodsOf = (pods: Iterable<Pod>, isGpu: IsGpu): OwnPod[] =>
  [...pods].flatMap((pod) => {
    const identity = identityOf(pod);
    const isOver = pod.status.phase === "Succeeded" || pod.status.phase === "Failed";
    if (!identity || isOver) return [];
    const { uid } = pod.metadata;
    return [{ ...identity, uid, nodeName: pod.spec.nodeName, amount: requestedBy(pod, isGpu) }];
  });

/** For whoever tells what is free and sees no pods: placement itself looks at those of the moment. */
export const countUnbookedPods = (
  store: Store,
  pods: Iterable<Pod>,
  isGpu: IsGpu,
): Promise<void> => {
  const onNodes = ownPodsOf(pods, isGpu).filter(({ nodeName }) => nodeName !== "");
  const written = onNodes.map(({ jobId, generation, nodeName, amount }) => ({
    reservationId: jobId,
    generation,
    nodeName,
    ...amount,
  }));
  return writeUnbookedAmounts(store.pool, written);
};

/** Whether a resource of this name is a GPU of some type. */
export type IsGpu = (resourceName: string) => boolean;

export function requestedBy({ spec }: Pod, isGpu: IsGpu): Amount {
  const all = spec.containers.map(({ requests }) => requests);
  const sum = (of: (requests: (typeof all)[number]) => number) =>
    all.reduce((total, requests) => total + of(requests), 0);
  const gpus = sum((requests) =>
    Object.entries(requests)
      .filter(([name]) => isGpu(name))
      .reduce((total, [, quantity]) => total + amountOf(quantity), 0),
  );
  return {
    gpus,
    cpuMillis: sum(({ cpu }) => millisOf(cpu)),
    memoryMib: sum(({ memory }) => mebibytesOf(memory)),
    slots: gpus > 0 ? 0 : 1,
  };
}
