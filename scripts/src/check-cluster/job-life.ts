/**
 * The life of a job on a real API server and scheduler, under the rights that are shipped and no others: a real
 * processor and Postgres, a kubelet that is played.
 */
import type { Stage } from "../../../scenarios/src/scenario.ts";
import {
  createKubeCluster,
  keepAccess,
  kubeconfig,
} from "../../../services/processor/src/cluster/index.ts";
import { OWN_OBJECTS } from "../../../services/processor/src/pod/pod-names.ts";
import {
  type ContractWorld,
  eventually,
} from "../../../services/processor/test/cluster-contract/contract-world.ts";
import { createRawApi } from "../../../services/processor/test/cluster-contract/raw-api.ts";
import { openWorld, rules, startPostgres, work } from "../../../services/processor/test/world.ts";
import { playNodes } from "./played-nodes.ts";
import { recordRequests } from "./recording-proxy.ts";
import { forbiddenTries, notRefused } from "./refused-requests.ts";
import type { Right } from "./request-right.ts";
import { applyShippedRights } from "./shipped-rights.ts";
import type { Step } from "./step.ts";

const TYPE = "b200";
const JOB = { gpuType: TYPE, image: "registry.example.com/image:1" } as const;

export const jobLife: Step = {
  name: "job-life",
  how: "under the shipped rights alone, all of them used and all else refused: a job gets its node and its pod, runs, fails and is gone; one that no node could hold waits; one is cancelled",
  async run(cluster, stage) {
    const access = keepAccess(kubeconfig(cluster.kubeconfig, { env: process.env }));
    const api = await createRawApi(access);
    stage.defer(() => api.close());
    const [node] = await playNodes(api.raw, cluster.runId, stage, TYPE);
    const shipped = await applyShippedRights(cluster);
    const { namespace } = shipped;
    await accountOf(namespace, api.raw);
    const { server, tls } = await access.current();
    const { cert: _cert, key: _key, ...serverTls } = tls;
    const own = { server, tls: serverTls, authorization: `Bearer ${shipped.token}` };
    const proxy = await recordRequests(own, firstCreations());
    stage.defer(() => proxy.close());
    const kube = createKubeCluster({ access: keepAccess(async () => proxy.access), namespace });
    stage.defer(() => kube.close());
    const admin = createKubeCluster({ access, namespace });
    stage.defer(() => admin.close());
    const postgres = await startPostgres();
    stage.defer(() => postgres.stop());
    const world = await openWorld(postgres);
    stage.defer(() => world.store.close());
    const processor = work(world, kube, {
      countsForeignPods: true,
      rules: { ...rules, toolsImage: "registry.example.com/devbox:1" },
    });
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
    const [secret] = await admin.list("secrets", { labels: OWN_OBJECTS });
    const places = {
      namespace,
      pod: `gpu-dev-${box}`,
      secret: secret?.metadata.name ?? "",
      others: [shipped.controlNamespace, "kube-system"],
      node,
    };
    const tries = forbiddenTries(places);
    const door = await recordRequests(own);
    stage.defer(() => door.close());
    const through = await notRefused(door.access, tries);
    const refusals = `${tries.length} requests`;
    stage.check(
      "everything else",
      "403",
      through.length === 0,
      refusals,
      through.join("; ") || "403",
    );
    await world.order(box, "cancel");
    await kubelet.end(`gpu-dev-${box}`);
    check("a box that is cancelled", "cancelled", (await world.until(box, "cancelled")).status);
    const left = await eventually("the garbage collector is through", async () => {
      const pods = await admin.list("pods");
      const secrets = await admin.list("secrets", { labels: OWN_OBJECTS });
      const services = await admin.list("services");
      return pods.length + secrets.length + services.length === 0 ? "nothing" : undefined;
    }).catch((error: Error) => error.message);
    check("what is left of them", "nothing", left);
    checkUse(stage, shipped.granted, proxy.requests);
  },
};

/** What was made is not told the first time, of each kind: it is looked for then, which needs rights too. */
function firstCreations(): (right: Right) => boolean {
  const lost = new Set<Right>();
  return (right) => {
    if (!right.startsWith("create ") || lost.has(right)) return false;
    lost.add(right);
    return true;
  };
}

/** Every right is used, and none was missing. */
function checkUse(
  stage: Stage,
  granted: readonly Right[],
  requests: readonly { readonly right: Right; readonly status: number }[],
): void {
  const asked = Map.groupBy(requests, ({ right }) => right);
  for (const right of granted) {
    const count = asked.get(right)?.length ?? 0;
    stage.check(
      `the right: ${right}`,
      "used",
      count > 0,
      `${count} requests`,
      count ? "used" : "never",
    );
  }
  const missing = [...asked.keys()].filter((right) => !granted.includes(right));
  const refused = requests.filter(({ status }) => status === 403).map(({ right }) => right);
  const faults = [...new Set([...missing, ...refused])];
  const count = `${requests.length} requests`;
  stage.check(
    "rights that are missing",
    "none",
    faults.length === 0,
    count,
    faults.join(", ") || "none",
  );
}

/** Pods can be made in a namespace once its account is there. */
const accountOf = (namespace: string, raw: ContractWorld["raw"]): Promise<unknown> =>
  eventually("the namespace's account is there", () =>
    raw("GET", `/api/v1/namespaces/${namespace}/serviceaccounts/default`).catch(() => undefined),
  );

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
