/** The contract's world on local-kubernetes, without kubelets: the contract plays them. */
import { startLocalKubernetes } from "@airlock/local-kubernetes";
import { type Cluster, createKubeCluster, keepAccess } from "../../src/cluster/index.ts";
import { type ContractWorld, GPU } from "./contract-world.ts";
import { createRawApi } from "./raw-api.ts";

const NODES = ["local-a", "local-b"] as const;
const LABEL = { key: "airlock.example.com/check", value: "local" };

export async function openLocalWorld(): Promise<ContractWorld> {
  const local = await startLocalKubernetes({
    tokens: ["known"],
    powerlessTokens: ["powerless"],
    hasKubelet: false,
    bindsClaims: false,
    nodes: NODES.map((name) => ({
      name,
      labels: { [LABEL.key]: LABEL.value },
      taints: [{ key: GPU, effect: "NoSchedule" }],
      allocatable: { [GPU]: "8" },
    })),
  });
  const open: Cluster[] = [];
  const accessOf = (token: string) =>
    keepAccess(async () => ({ server: local.url, tls: {}, authorization: `Bearer ${token}` }));
  const clusterOf = (namespace: string, token = "known") => {
    const access = accessOf(token);
    const followRules = { watchMs: 1000, firstWaitMs: 10 };
    const cluster = createKubeCluster({ access, namespace, followRules, pageSize: 3 });
    open.push(cluster);
    return cluster;
  };
  const { raw, close } = await createRawApi(accessOf("known"));
  return {
    cluster: clusterOf("jobs"),
    stranger: clusterOf("jobs", "nobody's"),
    powerless: clusterOf("jobs", "powerless"),
    nowhere: clusterOf("nowhere"),
    nodes: NODES,
    nodeLabel: LABEL,
    raw,
    async terminating() {
      local.namespaces.terminate("ending");
      return clusterOf("ending");
    },
    async limited() {
      local.namespaces.add("limited");
      local.namespaces.limit("limited", { pods: "1" });
      return clusterOf("limited");
    },
    async close() {
      await Promise.all([...open.map((cluster) => cluster.close()), close()]);
      await local.close();
    },
  };
}
