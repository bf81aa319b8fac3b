/** The contract's worlds on a real API server: a namespace for each, on two nodes that nobody but this run has. */
import type { Stage } from "../../../scenarios/src/scenario.ts";
import {
  type AccessKeeper,
  createKubeCluster,
  keepAccess,
  kubeconfig,
  type Cluster as ProcessorCluster,
} from "../../../services/processor/src/cluster/index.ts";
import {
  type ContractWorld,
  eventually,
  unplaced,
} from "../../../services/processor/test/cluster-contract/contract-world.ts";
import {
  createRawApi,
  type RawApi,
} from "../../../services/processor/test/cluster-contract/raw-api.ts";
import { type Cluster, RUN_LABEL } from "./cluster.ts";
import { playNodes } from "./played-nodes.ts";
import { hasSnapshots, installSnapshots } from "./snapshot-definitions.ts";

export interface Worlds {
  open(): Promise<ContractWorld>;
}

const FOLLOW_RULES = { watchMs: 1000, firstWaitMs: 10 };
const FINALIZER = "airlock.example.com/held";

export async function prepareWorlds(cluster: Cluster, stage: Stage): Promise<Worlds> {
  const access = keepAccess(kubeconfig(cluster.kubeconfig, { env: process.env }));
  const api = await createRawApi(access);
  stage.defer(() => api.close());
  const nodes = await playNodes(api.raw, cluster.runId, stage);
  if (!(await hasSnapshots(cluster))) await installSnapshots(cluster);
  let worlds = 0;
  let latest: ContractWorld | undefined;
  // what a run that is interrupted was in the middle of would hold its namespace back
  stage.defer(() => latest?.close());
  return {
    async open() {
      latest = await openWorld({ cluster, access, api, nodes, purpose: `contract-${worlds++}` });
      return latest;
    },
  };
}

interface Parts {
  readonly cluster: Cluster;
  readonly access: AccessKeeper;
  readonly api: RawApi;
  readonly nodes: readonly [string, string];
  readonly purpose: string;
}

async function openWorld({ cluster, access, api, nodes, purpose }: Parts): Promise<ContractWorld> {
  const { raw } = api;
  const open: ProcessorCluster[] = [];
  const clusterIn = (namespace: string, by = access) => {
    const made = createKubeCluster({
      access: by,
      namespace,
      followRules: FOLLOW_RULES,
      pageSize: 3,
    });
    open.push(made);
    return made;
  };
  /** Pods can be made in it once its account is there. */
  const newNamespace = async (use: string) => {
    const namespace = await cluster.namespace(use);
    await eventually("the namespace's account is there", () =>
      raw("GET", `/api/v1/namespaces/${namespace}/serviceaccounts/default`).catch(() => undefined),
    );
    return namespace;
  };
  const { server, tls } = await access.current();
  const { cert: _cert, key: _key, ...serverTls } = tls;
  const by = (token: string) =>
    keepAccess(async () => ({ server, tls: serverTls, authorization: `Bearer ${token}` }));
  const namespace = await newNamespace(purpose);
  const account = { namespace, serviceAccount: "default", audiences: [] };
  let isClosed = false;
  const world: ContractWorld = {
    cluster: clusterIn(namespace),
    stranger: clusterIn(namespace, by("nobody's")),
    powerless: clusterIn(namespace, by(await cluster.token(account))),
    nowhere: clusterIn(`${namespace}-absent`),
    nodes,
    nodeLabel: { key: RUN_LABEL, value: cluster.runId },
    raw,
    async terminating() {
      const ending = clusterIn(await newNamespace(`${purpose}-ending`));
      await ending.create("pods", unplaced(world, "held", { finalizers: [FINALIZER] }));
      await cluster.kubectl(["delete", "namespace", ending.namespace, "--wait=false"]);
      return ending;
    },
    async limited() {
      const limited = clusterIn(await newNamespace(`${purpose}-limited`));
      const path = `/api/v1/namespaces/${limited.namespace}/resourcequotas`;
      await raw("POST", path, { metadata: { name: "limit" }, spec: { hard: { pods: "1" } } });
      await eventually("the quota counts", async () => {
        const { status } = (await raw("GET", `${path}/limit`)) as { status?: { hard?: object } };
        return status?.hard;
      });
      return limited;
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      const strange: readonly ProcessorCluster[] = [world.stranger, world.powerless];
      for (const one of open) if (!strange.includes(one)) await endPods(one);
      await Promise.all(open.map((one) => one.close()));
    },
  };
  return world;
}

/** Nobody else would end what is bound to nodes that are played. */
async function endPods(cluster: ProcessorCluster): Promise<void> {
  for (const { metadata } of await cluster.list("pods")) {
    const { name, uid } = metadata;
    const left = await cluster.remove("pods", name, uid, { graceSeconds: 0 });
    if (left === "ending") {
      await cluster.patch("pods", name, uid, { metadata: { finalizers: null } });
    }
  }
}
