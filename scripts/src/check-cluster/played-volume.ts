/** A volume for the one claim of a namespace, where no provisioner would make any. */
import {
  type ContractWorld,
  eventually,
} from "../../../services/processor/test/cluster-contract/contract-world.ts";
import { RUN_LABEL } from "./cluster.ts";

export interface VolumeWish {
  readonly runId: string;
  readonly namespace: string;
  /** That nobody else has: there is no such class, and none is needed. */
  readonly storageClass: string;
}

interface Claims {
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

export async function playVolume(raw: ContractWorld["raw"], wish: VolumeWish): Promise<void> {
  const { runId, namespace, storageClass } = wish;
  const claim = await eventually("a claim is made", async () => {
    const path = `/api/v1/namespaces/${namespace}/persistentvolumeclaims`;
    const { items } = (await raw("GET", path)) as Claims;
    return items[0]?.metadata.name;
  });
  await raw("POST", "/api/v1/persistentvolumes", {
    metadata: { name: `airlock-check-${runId}`, labels: { [RUN_LABEL]: runId } },
    spec: {
      capacity: { storage: "1Ti" },
      accessModes: ["ReadWriteOnce"],
      persistentVolumeReclaimPolicy: "Retain",
      storageClassName: storageClass,
      claimRef: { namespace, name: claim },
      hostPath: { path: "/nowhere" },
    },
  });
}
