/** What belongs to a job's pod: it is the pod's by its name, and goes when the pod goes. */
import { labelsOf, type PodIdentity } from "./pod-names.ts";

export interface OwnerPod extends PodIdentity {
  readonly podName: string;
  readonly podUid: string;
}

export const ownedMetadata = (name: string, owner: OwnerPod) => ({
  name,
  labels: labelsOf(owner),
  ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: owner.podName, uid: owner.podUid }],
});
