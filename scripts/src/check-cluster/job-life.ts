/**
 * The life of a job on a real API server and scheduler, under the rights that are shipped and no others: a real
 * processor and Postgres, a kubelet that is played.
 */
import { findDiskOperation } from "@airlock/jobs-store";
import {
  createKubeCluster,
  keepAccess,
  kubeconfig,
} from "../../../services/processor/src/cluster/index.ts";
import { DISK_RULES } from "../../../services/processor/src/disks/disk-rules.ts";
import { OWN_OBJECTS } from "../../../services/processor/src/pod/pod-names.ts";
import {
  type ContractWorld,
  eventually,
} from "../../../services/processor/test/cluster-contract/contract-world.ts";
import { createRawApi } from "../../../services/processor/test/cluster-contract/raw-api.ts";
import {
  access as gettingIn,
  openWorld,
  rules,
  startPostgres,
  withProcessorsRights,
  work,
} from "../../../services/processor/test/world.ts";
import { playKubelet } from "./played-kubelet.ts";
import { playNodes } from "./played-nodes.ts";
import { playVolume } from "./played-volume.ts";
import { recordRequests } from "./recording-proxy.ts";
import { forbiddenTries, notRefused } from "./refused-requests.ts";
import type { Right } from "./request-right.ts";
import { checkUse, isOfDisks } from "./rights-used.ts";
import { applyShippedRights } from "./shipped-rights.ts";
import type { Step } from "./step.ts";

const TYPE = "b200";
const BOBS_KEYS = {
  of: async () => ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBob bob"],
  close: async () => {},
};
const JOB = { gpuType: TYPE, image: "registry.example.com/image:1" } as const;

export const jobLife: Step = {
  name: "job-life",
  how: "under the shipped rights alone, those of disks used by disk-life, all others here, and all else refused: a job gets its node and its pod, runs, fails and is gone; one that no node could hold waits; a disk is made; a box on another one has Jupyter on and off and a second user and is cancelled, and the disks stay",
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
    // in the database as well it has the rights of its role, and no others
    const limited = await withProcessorsRights(world);
    stage.defer(() => limited.store.close());
    const storageClass = `airlock-check-${cluster.runId}`;
    const processor = work(limited, kube, {
      countsForeignPods: true,
      rules: { ...rules, toolsImage: "registry.example.com/devbox:1" },
      diskRules: { ...DISK_RULES, storageClass, takesSnapshots: false },
      access: { ...gettingIn, userKeys: BOBS_KEYS },
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
    const box = await world.submit({ ...JOB, disk: "home" });
    await playVolume(api.raw, { runId: cluster.runId, namespace, storageClass });
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
    const { operationId } = await world.createDisk();
    const disk = await eventually("a disk is made", async () => {
      const row = await findDiskOperation(world.store.pool, { ...world, operationId });
      return row?.completed_at ? row.status : undefined;
    });
    check("a disk that is asked for", "completed", disk);
    await world.order(box, "enable_jupyter");
    const address = await eventually("Jupyter is on", async () => {
      const { jupyter_url } = await world.job(box);
      return jupyter_url?.replace(/\d+\.\d+\.\d+\.\d+:\d+/, "<node>:<port>");
    });
    check("Jupyter is switched on", "http://<node>:<port>/lab", address);
    await world.order(box, "disable_jupyter");
    const off = await eventually("Jupyter is off", async () =>
      (await world.job(box)).jupyter_enabled ? undefined : "off",
    );
    check("and off again", "off", off);
    await world.order(box, "add_user", { github_username: "bob" });
    const users = await eventually("bob is added", async () => {
      const { secondary_users } = await world.job(box);
      return secondary_users.length > 0 ? secondary_users.join(", ") : undefined;
    });
    check("another user is added", "bob", users);
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
    const claims = await admin.list("persistentvolumeclaims");
    const going = claims.filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
    const kept = `${claims.length} claims, ${going.length} on their way out`;
    check("both disks", "2 claims, 0 on their way out", kept);
    const { granted } = shipped;
    const used = granted.filter((right) => !isOfDisks(right));
    checkUse(stage, { used, granted }, proxy.requests);
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

/** Pods can be made in a namespace once its account is there. */
export const accountOf = (namespace: string, raw: ContractWorld["raw"]): Promise<unknown> =>
  eventually("the namespace's account is there", () =>
    raw("GET", `/api/v1/namespaces/${namespace}/serviceaccounts/default`).catch(() => undefined),
  );
