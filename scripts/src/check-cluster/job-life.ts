/** The life of a job on a real API server and scheduler: a real processor and Postgres, a kubelet that is played. */
import {
  createKubeCluster,
  keepAccess,
  kubeconfig,
} from "../../../services/processor/src/cluster/index.ts";
import {
  type ContractWorld,
  eventually,
} from "../../../services/processor/test/cluster-contract/contract-world.ts";
import { createRawApi } from "../../../services/processor/test/cluster-contract/raw-api.ts";
import { openWorld, startPostgres, work } from "../../../services/processor/test/world.ts";
import type { Cluster } from "./cluster.ts";
import { playNodes } from "./played-nodes.ts";
import type { Step } from "./step.ts";

const TYPE = "b200";
const JOB = { gpuType: TYPE, image: "registry.example.com/image:1" } as const;

export const jobLife: Step = {
  name: "job-life",
  how: "a job gets its node and its pod, runs, fails and is gone; one that no node could hold waits; one is cancelled: by a processor, on two nodes that are played",
  async run(cluster, stage) {
    const access = keepAccess(kubeconfig(cluster.kubeconfig, { env: process.env }));
    const api = await createRawApi(access);
    stage.defer(() => api.close());
    await playNodes(api.raw, cluster.runId, stage, TYPE);
    const namespace = await namespaceOf(cluster, api.raw);
    const kube = createKubeCluster({ access, namespace });
    stage.defer(() => kube.close());
    const postgres = await startPostgres();
    stage.defer(() => postgres.stop());
    const world = await openWorld(postgres);
    stage.defer(() => world.store.close());
    const processor = work(world, kube);
    stage.defer(() => processor.stop());
    const check = (what: string, promise: string, result: string) =>
      stage.check(what, promise, result === promise, "1 job", result);
    const kubelet = playKubelet(api.raw, namespace);

    const jobId = await world.submit({ ...JOB, command: "exit 3; $(x)", variables: { A: "b\nc" } });
    const large = await world.submit({ ...JOB, gpus: 16 });
    await kubelet.start(`gpu-dev-${jobId}`);
    await world.until(jobId, "active");
    await kubelet.fail(`gpu-dev-${jobId}`, 3);
    const { failure_reason } = await world.until(jobId, "failed");
    check("a command that fails", "The command ended with exit code 3.", failure_reason ?? "");
    const { current_detailed_status: why } = await world.job(large);
    check(
      "a job that no node could hold",
      "Waits for 16 b200 GPUs on one node: no node at present has more than 8 for jobs. Others may start before it.",
      why ?? "",
    );
    const box = await world.submit(JOB);
    await kubelet.start(`gpu-dev-${box}`);
    await world.until(box, "active");
    await world.order(box, "cancel");
    await kubelet.end(`gpu-dev-${box}`);
    check("a box that is cancelled", "cancelled", (await world.until(box, "cancelled")).status);
    const left = await eventually("the garbage collector is through", async () => {
      const [pods, secrets] = [await kube.list("pods"), await kube.list("secrets")];
      const own = secrets.filter(({ metadata }) => metadata.name.startsWith("gpu-dev-"));
      return pods.length + own.length === 0 ? "nothing" : undefined;
    }).catch((error: Error) => error.message);
    check("what is left of them", "nothing", left);
  },
};

/** Pods can be made in it once its account is there. */
async function namespaceOf(cluster: Cluster, raw: ContractWorld["raw"]): Promise<string> {
  const namespace = await cluster.namespace("jobs");
  await eventually("the namespace's account is there", () =>
    raw("GET", `/api/v1/namespaces/${namespace}/serviceaccounts/default`).catch(() => undefined),
  );
  return namespace;
}

interface SeenPod {
  readonly metadata: { readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
}

function playKubelet(raw: ContractWorld["raw"], namespace: string) {
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
