/** The Services by which a job's box is reached from outside the cluster. They go when the pod goes. */
import type { Manifest } from "../cluster/index.ts";
import { JUPYTER_PORT, SSH_PORT } from "./box.ts";
import { type OwnerPod, ownedMetadata } from "./owned.ts";
import { jupyterServiceNameOf, selectorOf, sshServiceNameOf } from "./pod-names.ts";

/** What a box listens on, and how it is reached by a port of its node. */
const SERVICES = {
  ssh: { port: SSH_PORT, nameOf: sshServiceNameOf },
  jupyter: { port: JUPYTER_PORT, nameOf: jupyterServiceNameOf },
};

/** Which port of the node it is, the cluster says. */
export function serviceManifest(what: keyof typeof SERVICES, owner: OwnerPod): Manifest {
  const { port, nameOf } = SERVICES[what];
  return {
    metadata: ownedMetadata(nameOf(owner.podName, owner), owner),
    spec: {
      type: "NodePort",
      // the pod's own node answers, without a detour that would hide who is calling
      externalTrafficPolicy: "Local",
      selector: selectorOf(owner.podName, owner),
      ports: [{ name: what, port, targetPort: port }],
    },
  };
}
