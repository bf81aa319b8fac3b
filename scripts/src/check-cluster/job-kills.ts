/** Processors that are killed while they work against a real API server and scheduler: each job has one pod, and nothing is left. */
import { objectsIn } from "../../../scenarios/src/rig/jobs-cluster.ts";
import { startProcessors } from "../../../scenarios/src/rig/processors.ts";
import { checkLaws, TROUBLE, troubled } from "../../../scenarios/src/scenarios/processor-kills.ts";
import {
  createKubeCluster,
  keepAccess,
  kubeconfig,
} from "../../../services/processor/src/cluster/index.ts";
import { createRawApi } from "../../../services/processor/test/cluster-contract/raw-api.ts";
import { accountOf } from "./job-life.ts";
import { playKubeletByImages } from "./kubelet-by-images.ts";
import { playNodes } from "./played-nodes.ts";
import type { Step } from "./step.ts";

const TYPE = "b200";
const SIZE = { jobs: 120, kills: 100, naps: 20, restarts: 2 } as const;
/** As TROUBLE is made for. */
const LEASE_SECONDS = 2;

export const jobKills: Step = {
  name: "job-kills",
  how: "120 jobs by two processors that are killed 100 times and stopped beyond their lease 20 times, Postgres restarted twice, on two nodes that are played",
  async run(cluster, stage) {
    const access = keepAccess(kubeconfig(cluster.kubeconfig, { env: process.env }));
    const api = await createRawApi(access);
    stage.defer(() => api.close());
    await playNodes(api.raw, cluster.runId, stage, TYPE);
    const namespace = await cluster.namespace("jobs");
    await accountOf(namespace, api.raw);
    const kube = createKubeCluster({ access, namespace });
    stage.defer(() => kube.close());
    const kubelet = playKubeletByImages(kube, api.raw);
    const jobsCluster = {
      kubeconfig: cluster.kubeconfig,
      namespace,
      gpuType: TYPE,
      madePods: async () => kubelet.made,
      // every namespace has some of its own
      left: async () =>
        (await objectsIn((_method, path) => api.raw("GET", path), namespace)).filter(
          (name) => !name.startsWith("secrets/default-token-"),
        ),
    };
    const rig = await startProcessors(stage, jobsCluster, LEASE_SECONDS);
    const sent = await troubled(stage, rig, SIZE, TROUBLE);
    await checkLaws(stage, rig, jobsCluster, sent);
  },
};
