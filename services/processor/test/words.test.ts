/** The words of schedulers and kubelets, old and new, and what an owner is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toldOf } from "@airlock/jobs-store";
import { containerTrouble } from "../src/reconcile/image-trouble.ts";
import { explainUnscheduled } from "../src/reconcile/scheduler-words.ts";

for (const [words, expected] of [
  [
    "0/2 nodes are available: 2 Insufficient nvidia.com/gpu.",
    "Waits for its node: of the cluster's nodes, 2 are with too little free nvidia.com/gpu.",
  ],
  [
    "0/3 nodes are available: 1 Insufficient memory, 1 node(s) had taint {nvidia.com/gpu: present}, that the pod didn't tolerate, 1 node(s) didn't match Pod's node affinity.",
    "Waits for its node: of the cluster's nodes, 1 is with too little free memory, 1 is reserved for other work.",
  ],
  [
    "0/4 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/4 nodes are available: 1 No preemption victims found for incoming pod, 3 Preemption is not helpful for scheduling.",
    "Waits for its node: of the cluster's nodes, 1 is with too little free CPU, 1 is not ready.",
  ],
  [
    "0/1 nodes are available: 1 node(s) were unschedulable.",
    "Waits for its node: of the cluster's nodes, 1 is closed for new pods.",
  ],
  [
    "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
    "Waits for its node, which the cluster does not have at present.",
  ],
  [
    "0/1 nodes are available: 1 some new cause.",
    "Waits for its node: of the cluster's nodes, 1 is unfit (some new cause).",
  ],
  [
    "no nodes available to schedule pods",
    "Waits for its node: no nodes available to schedule pods",
  ],
  [
    "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
    "Waits for the volume of its disk, which is being made.",
  ],
  [
    '0/3 nodes are available: persistentvolumeclaim "disk-1" not found.',
    "Waits for the volume of its disk, which is not there.",
  ],
  [
    "Scheduling is blocked due to non-empty scheduling gates",
    "Waits until somebody else lets its pod in: it has scheduling gates.",
  ],
  ["", "Waits for its node: no reason was given"],
] as const) {
  test(`of a scheduler: ${words.slice(0, 90)}`, () =>
    assert.equal(explainUnscheduled(words), expected));
  test(`explanations know it: ${expected.slice(0, 60)}`, () => {
    const isDisk = /volume of its disk/.test(expected);
    assert.equal(toldOf("preparing", expected).code, isDisk ? "disk_not_ready" : "unscheduled");
  });
}

const digest = "a".repeat(30) + "404".repeat(3) + "b".repeat(25);
for (const [reason, message, weight] of [
  ["InvalidImageName", "couldn't parse image name", "fatal"],
  ["ErrImageNeverPull", "", "fatal"],
  ["ErrImagePull", "failed to resolve reference: docker.io/x: not found", "doubtful"],
  ["ErrImagePull", "unexpected status code 401 Unauthorized", "doubtful"],
  ["ErrImagePull", "403 Forbidden", "doubtful"],
  ["ErrImagePull", "manifest unknown", "doubtful"],
  [
    "ErrImagePull",
    "pull access denied, repository does not exist or may require authorization",
    "doubtful",
  ],
  ["ErrImagePull", "no match for platform in manifest", "doubtful"],
  [
    "ErrImagePull",
    "toomanyrequests: You have reached your pull rate limit; access denied",
    "passing",
  ],
  ["ErrImagePull", "503 Service Unavailable", "passing"],
  [
    "ErrImagePull",
    'failed to pull "x.example.com/a:503": x.example.com/a:503: not found',
    "doubtful",
  ],
  ["ErrImagePull", 'failed to pull "x.example.com/a:404": connection reset', "passing"],
  ["ErrImagePull", "dial tcp: i/o timeout", "passing"],
  ["ErrImagePull", `pulling x@sha256:${digest}: unexpected EOF`, "passing"],
  ["ImagePullBackOff", 'Back-off pulling image "x"', "passing"],
  ["CreateContainerConfigError", 'secret "x" not found', "doubtful"],
  ["RunContainerError", "cannot run", "doubtful"],
  ["ContainerCreating", "", undefined],
  ["PodInitializing", "", undefined],
] as const) {
  test(`of a kubelet: ${reason} ${message.slice(0, 60)}`, () => {
    const trouble = containerTrouble({ reason, message });
    assert.equal(trouble?.weight, weight);
    if (trouble) assert.equal(toldOf("preparing", trouble.sentence).code, "image");
  });
}
