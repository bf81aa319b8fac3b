/** Plays the kubelet for pods of jobs: says that they run, that they have failed, and that they are gone. */
import {
  type ContractWorld,
  eventually,
} from "../../../services/processor/test/cluster-contract/contract-world.ts";

interface SeenPod {
  readonly metadata: { readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
}

export function playKubelet(raw: ContractWorld["raw"], namespace: string) {
  const at = (name: string) => `/api/v1/namespaces/${namespace}/pods/${name}`;
  const find = (name: string, fits: (pod: SeenPod) => boolean) =>
    eventually(`the pod ${name}`, async () => {
      const pod = (await raw("GET", at(name)).catch(() => undefined)) as SeenPod | undefined;
      return pod && fits(pod) ? pod : undefined;
    });
  const tell = (name: string, phase: string, ready: boolean, state: object) => {
    const lastTransitionTime = new Date().toISOString();
    const conditions = [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime }];
    const own = { name: "job", ready, restartCount: 0, image: "i", imageID: "i", state };
    return raw("PATCH", `${at(name)}/status`, {
      status: { phase, hostIP: "10.0.0.1", conditions, containerStatuses: [own] },
    });
  };
  const end = async (name: string) => {
    const { metadata } = await find(name, (pod) => pod.metadata.deletionTimestamp !== undefined);
    const preconditions = { uid: metadata.uid };
    await raw("DELETE", at(name), { gracePeriodSeconds: 0, preconditions });
  };
  return {
    end,
    async start(name: string) {
      await find(name, ({ spec }) => Boolean(spec.nodeName));
      await tell(name, "Running", true, { running: { startedAt: new Date().toISOString() } });
    },
    /** A server deletes a pod that is over at once. */
    fail: (name: string, exitCode: number) =>
      tell(name, "Failed", false, { terminated: { exitCode, reason: "Error" } }),
  };
}
