/** Where pods are put, and the sentences about those that are not: recorded from kube-scheduler 1.20, and as newer ones word them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type LocalKubernetesOptions,
  type NodeSpec,
  startLocalKubernetes,
} from "@airlock/local-kubernetes";
import { eventually, GPU } from "./harness.ts";

const TAINT = { key: GPU, effect: "NoSchedule" };
const NODES: readonly NodeSpec[] = ["h100-1", "h100-2"].map((name) => ({
  name,
  labels: { GpuType: "h100" },
  taints: [TAINT],
  allocatable: { cpu: "192", memory: "2Ti", [GPU]: "8" },
}));
const TOLERANT = { tolerations: [{ key: GPU, operator: "Exists" }] };
const VICTIMLESS =
  " preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.";
const HELPLESS =
  " preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.";

interface Case {
  readonly limits?: Readonly<Record<string, string>>;
  readonly spec?: object;
  readonly old: string;
  readonly new: string;
}

const CASES: Readonly<Record<string, Case>> = {
  "more GPUs than any node has": {
    limits: { [GPU]: "16" },
    old: "0/2 nodes are available: 2 Insufficient nvidia.com/gpu.",
    new: `0/2 nodes are available: 2 Insufficient nvidia.com/gpu.${VICTIMLESS}`,
  },
  "more of everything": {
    limits: { [GPU]: "16", cpu: "500", memory: "9Ti" },
    old: "0/2 nodes are available: 2 Insufficient cpu, 2 Insufficient memory, 2 Insufficient nvidia.com/gpu.",
    new: `0/2 nodes are available: 2 Insufficient cpu, 2 Insufficient memory, 2 Insufficient nvidia.com/gpu.${VICTIMLESS}`,
  },
  "a resource that no node has": {
    limits: { "amd.com/gpu": "1" },
    old: "0/2 nodes are available: 2 Insufficient amd.com/gpu.",
    new: `0/2 nodes are available: 2 Insufficient amd.com/gpu.${VICTIMLESS}`,
  },
  "a label that no node has": {
    spec: { nodeSelector: { GpuType: "a100" } },
    old: "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity.",
    new: `0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.${HELPLESS}`,
  },
  "a node that is too small": {
    limits: { [GPU]: "9" },
    spec: { nodeSelector: { "kubernetes.io/hostname": "h100-1" } },
    old: "0/2 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) didn't match Pod's node affinity.",
    new: "0/2 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.",
  },
  "taints that it does not tolerate": {
    spec: { tolerations: [] },
    old: "0/2 nodes are available: 2 node(s) had taint {nvidia.com/gpu: }, that the pod didn't tolerate.",
    new: `0/2 nodes are available: 2 node(s) had untolerated taint {nvidia.com/gpu: }.${HELPLESS}`,
  },
  "a claim that is not there": {
    spec: { volumes: [{ name: "home", persistentVolumeClaim: { claimName: "nope" } }] },
    old: '0/2 nodes are available: 2 persistentvolumeclaim "nope" not found.',
    new: `0/2 nodes are available: persistentvolumeclaim "nope" not found.${HELPLESS}`,
  },
};

async function sentenceOf(
  { limits = { [GPU]: "1" }, spec = {} }: Partial<Case>,
  options: LocalKubernetesOptions,
): Promise<string> {
  const local = await startLocalKubernetes({ hasKubelet: false, nodes: NODES, ...options });
  try {
    const containers = [{ name: "main", image: "example.com/image:1", resources: { limits } }];
    await fetch(`${local.url}/api/v1/namespaces/jobs/pods`, {
      method: "POST",
      body: JSON.stringify({ metadata: { name: "p" }, spec: { containers, ...TOLERANT, ...spec } }),
    });
    return await eventually(async () => {
      const status = local.objects.get("pods", "p", "jobs")?.status as
        | { conditions?: { type: string; message?: string }[] }
        | undefined;
      return status?.conditions?.find(({ type }) => type === "PodScheduled")?.message;
    });
  } finally {
    await local.close();
  }
}

for (const [name, one] of Object.entries(CASES)) {
  test(`why it waits: ${name}`, async () => {
    assert.equal(await sentenceOf(one, { schedulerWords: "old" }), one.old);
    assert.equal(await sentenceOf(one, { schedulerWords: "new" }), one.new);
  });
}

test("why it waits: no node at all", async () => {
  assert.equal(await sentenceOf({}, { nodes: [] }), "no nodes available to schedule pods");
});
