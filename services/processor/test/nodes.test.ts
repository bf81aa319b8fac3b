/** What nodes have, as Kubernetes writes it, and what others take of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeNode, Pod } from "../src/cluster/index.ts";
import { foreignAmountsOf } from "../src/placement/foreign-pods.ts";
import { ownPodsOf } from "../src/placement/own-pods.ts";
import { amountOf, mebibytesOf, millisOf } from "../src/placement/quantity.ts";
import { seenNodesOf } from "../src/placement/seen-nodes.ts";
import { annotationsOf, labelsOf } from "../src/pod/pod-names.ts";

for (const [text, amount] of [
  ["2", 2],
  ["500m", 0.5],
  ["16Gi", 16 * 2 ** 30],
  ["1e3", 1000],
  ["1.5k", 1500],
  ["5.e-1", 0.5],
  [".5Ki", 512],
  ["4007m", 4.007],
  ["", 0],
  ["many", 0],
  [undefined, 0],
] as const) {
  test(`${text} is ${amount}`, () => assert.equal(amountOf(text), amount));
}

test("CPU is counted in thousandths, memory in MiB", () => {
  assert.deepEqual(
    [millisOf("1500m"), millisOf("4"), mebibytesOf("2Gi"), mebibytesOf("1500Ki")],
    [1500, 4000, 2048, 1],
  );
  const millis = Array.from({ length: 10_000 }, (_, n) => n);
  assert.deepEqual(
    millis.map((n) => millisOf(`${n}m`)),
    millis,
    "as they were written",
  );
  assert.deepEqual(
    millis.map((n) => millisOf(`${n / 1000}`)),
    millis,
  );
  assert.equal(mebibytesOf(`${123 * 2 ** 20 * 1000}m`), 123);
});

const TYPES = [
  {
    gpu_type: "h100",
    instance_type: "p5.48xlarge",
    instance_types: ["p5.48xlarge"],
    max_gpus: 8,
    resource_name: "nvidia.com/gpu",
    slots_per_node: 0,
  },
  {
    gpu_type: "cpu-x86",
    instance_type: "c7i.8xlarge",
    instance_types: ["c7i.8xlarge"],
    max_gpus: 0,
    resource_name: "nvidia.com/gpu",
    slots_per_node: 3,
  },
];

const node = (
  labels: Record<string, string>,
  more: Partial<KubeNode["spec"]> = {},
  ready = "True",
): KubeNode => ({
  metadata: {
    name: "n",
    uid: "u",
    resourceVersion: "1",
    creationTimestamp: "",
    labels,
    annotations: {},
    ownerReferences: [],
  },
  spec: { unschedulable: false, taints: [], ...more },
  status: {
    capacity: {},
    allocatable: { cpu: "190", memory: "1000Gi", "nvidia.com/gpu": "7" },
    conditions: [{ type: "Ready", status: ready, reason: "", message: "" }],
    addresses: [{ type: "InternalIP", address: "10.0.0.1" }],
  },
});
const taint = (key: string, effect = "NoSchedule") => ({ taints: [{ key, value: "", effect }] });

for (const [name, seen, expected] of [
  ["by its label", node({ GpuType: "H100" }), ["h100", 7, 0, true, true]],
  [
    "by its machine",
    node({ "node.kubernetes.io/instance-type": "p5.48xlarge" }),
    ["h100", 7, 0, true, true],
  ],
  ["without GPUs it has places", node({ GpuType: "cpu-x86" }), ["cpu-x86", 0, 3, true, true]],
  ["of an unknown type", node({ GpuType: "tpu" }), undefined],
  ["without labels", node({}), undefined],
  ["not ready", node({ GpuType: "h100" }, {}, "Unknown"), ["h100", 7, 0, false, true]],
  ["closed", node({ GpuType: "h100" }, { unschedulable: true }), ["h100", 7, 0, true, false]],
  [
    "tainted for GPUs",
    node({ GpuType: "h100" }, taint("nvidia.com/gpu")),
    ["h100", 7, 0, true, true],
  ],
  ["tainted for others", node({ GpuType: "h100" }, taint("team")), ["h100", 7, 0, true, false]],
  [
    "tainted a little",
    node({ GpuType: "h100" }, taint("team", "PreferNoSchedule")),
    ["h100", 7, 0, true, true],
  ],
] as const) {
  test(`a node ${name}`, () => {
    const [found] = seenNodesOf([seen], TYPES);
    const shown = found && [
      found.gpuType,
      found.gpus,
      found.slots,
      found.isReady,
      found.isSchedulable,
    ];
    assert.deepEqual(shown, expected);
  });
}

const pod = (
  nodeName: string,
  requests: Record<string, string>,
  own = false,
  phase = "Running",
): Pod => {
  const identity = { jobId: "job-1", generation: 1 };
  return {
    metadata: {
      name: "p",
      uid: "u",
      resourceVersion: "1",
      creationTimestamp: "",
      labels: own ? labelsOf(identity) : {},
      annotations: own ? annotationsOf(identity) : {},
      ownerReferences: [],
    },
    spec: {
      nodeName,
      containers: [{ name: "c", image: "i", requests, limits: {} }],
      initContainers: [],
    },
    status: {
      phase,
      reason: "",
      message: "",
      podIP: "",
      hostIP: "",
      conditions: [],
      containerStatuses: [],
      initContainerStatuses: [],
    },
  };
};
const isGpu = (name: string) => name === "nvidia.com/gpu";

test("what others take is counted by node, jobs' own pods and those without a node are not", () => {
  const amounts = foreignAmountsOf(
    [
      pod("n1", { cpu: "500m", memory: "1Gi", "nvidia.com/gpu": "2", "example.com/nic": "9" }),
      pod("n1", { cpu: "1" }),
      pod("n1", { "nvidia.com/gpu": "4" }, true),
      pod("", { cpu: "8" }),
    ],
    isGpu,
  );
  assert.deepEqual(amounts, [{ nodeName: "n1", gpus: 2, cpuMillis: 1500, memoryMib: 1024 }]);
});

test("a job's pod that is over holds nothing", () => {
  assert.equal(ownPodsOf([pod("n1", {}, true, "Succeeded"), pod("n1", {})], isGpu).length, 0);
  assert.deepEqual(
    ownPodsOf([pod("n1", { "nvidia.com/gpu": "2" }, true)], isGpu)[0]?.amount.gpus,
    2,
  );
});
