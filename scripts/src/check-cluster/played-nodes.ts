/** Two nodes that no machine stands behind, with 8 GPUs each, kept ready for as long as the step runs. */
import type { Stage } from "../../../scenarios/src/scenario.ts";
import type { ContractWorld } from "../../../services/processor/test/cluster-contract/contract-world.ts";
import { RUN_LABEL } from "./cluster.ts";

/** Servers give up a node that has not been heard of for 40 s. */
const HEARTBEAT_MS = 5000;
const SIZE = {
  cpu: "64",
  memory: "512Gi",
  pods: "110",
  "ephemeral-storage": "1Ti",
  "nvidia.com/gpu": "8",
};
const TAINTS = [{ key: "nvidia.com/gpu", effect: "NoSchedule" }];

export async function playNodes(
  raw: ContractWorld["raw"],
  runId: string,
  stage: Stage,
  /** Of the nodes, for a step that has jobs placed on them. */
  gpuType?: string,
): Promise<readonly [string, string]> {
  const first = `airlock-check-${runId}${gpuType ? `-${gpuType}` : ""}`;
  const names = [`${first}-a`, `${first}-b`] as const;
  for (const name of names) {
    const type = gpuType && { GpuType: gpuType };
    const labels = { [RUN_LABEL]: runId, "kubernetes.io/hostname": name, ...type };
    await raw("POST", "/api/v1/nodes", { metadata: { name, labels }, spec: { taints: TAINTS } });
    await beat(raw, name);
    // new nodes are not ready, and keep that taint until a controller looks
    await raw("PATCH", `/api/v1/nodes/${name}`, { spec: { taints: TAINTS } });
  }
  const beats = setInterval(() => {
    for (const name of names) void beat(raw, name).catch(() => {}); // gone at the end of the step
  }, HEARTBEAT_MS);
  stage.defer(() => clearInterval(beats));
  return names;
}

const beat = (raw: ContractWorld["raw"], name: string): Promise<unknown> => {
  const now = new Date().toISOString();
  const ready = { type: "Ready", status: "True", reason: "KubeletReady", message: "" };
  const conditions = [{ ...ready, lastHeartbeatTime: now, lastTransitionTime: now }];
  const status = { capacity: SIZE, allocatable: SIZE, conditions };
  return raw("PATCH", `/api/v1/nodes/${name}/status`, { status });
};
