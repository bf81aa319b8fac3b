/** The Service by which a job's box is reached from outside the cluster. It goes when the pod goes. */
import type { Manifest } from "../cluster/index.ts";
import { SSH_PORT } from "./box.ts";
import { type OwnerPod, ownedMetadata } from "./owned.ts";
import { selectorOf, sshServiceNameOf } from "./pod-names.ts";

/** Which port of the node it is, the cluster says. */
export const sshService = (owner: OwnerPod): Manifest => ({
  metadata: ownedMetadata(sshServiceNameOf(owner.podName, owner), owner),
  spec: {
    type: "NodePort",
    // the pod's own node answers, without a detour that would hide who is calling
    externalTrafficPolicy: "Local",
    selector: selectorOf(owner.podName, owner),
    ports: [{ name: "ssh", port: SSH_PORT, targetPort: SSH_PORT }],
  },
});
