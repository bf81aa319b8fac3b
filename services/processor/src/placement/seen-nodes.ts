/** The cluster's nodes as placement knows them: of which type, how large, whether they take pods. */
import type { MachineTypeRow, SeenNode } from "@airlock/jobs-store";
import type { KubeNode } from "../cluster/index.ts";
import { amountOf, mebibytesOf, millisOf } from "./quantity.ts";

/** Nodes of no type that is known are nobody's here. */
export const seenNodesOf = (
  nodes: Iterable<KubeNode>,
  types: readonly MachineTypeRow[],
): SeenNode[] =>
  [...nodes].flatMap((node) => {
    const type = typeOf(node, types);
    return type ? [seenNodeOf(node, type)] : [];
  });

/** A label of its own goes before what the cloud says of the machine. */
function typeOf({ metadata }: KubeNode, types: readonly MachineTypeRow[]) {
  const { labels } = metadata;
  const named = labels.GpuType?.toLowerCase();
  if (named !== undefined) return types.find(({ gpu_type }) => gpu_type === named);
  const instanceType = labels["node.kubernetes.io/instance-type"];
  if (instanceType === undefined) return undefined;
  return types.find(({ instance_types }) => instance_types.includes(instanceType));
}

function seenNodeOf({ metadata, spec, status }: KubeNode, type: MachineTypeRow): SeenNode {
  const { allocatable, conditions, addresses } = status;
  const ready = conditions.find((condition) => condition.type === "Ready");
  const address = addresses.find((one) => one.type === "InternalIP");
  return {
    name: metadata.name,
    uid: metadata.uid,
    gpuType: type.gpu_type,
    gpus: type.max_gpus === 0 ? 0 : Math.floor(amountOf(allocatable[type.resource_name])),
    cpuMillis: millisOf(allocatable.cpu),
    memoryMib: mebibytesOf(allocatable.memory),
    slots: type.slots_per_node,
    isReady: ready?.status === "True" && metadata.deletionTimestamp === undefined,
    isSchedulable: !spec.unschedulable && spec.taints.every((taint) => isTolerated(taint, type)),
    address: address?.address ?? null,
  };
}

/** As the job's pod does. */
const isTolerated = (
  { key, effect }: KubeNode["spec"]["taints"][number],
  { resource_name, max_gpus }: MachineTypeRow,
): boolean => effect === "PreferNoSchedule" || (max_gpus > 0 && key === resource_name);
