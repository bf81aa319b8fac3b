/** The kinds that are there, by their names in paths and in objects, and the groups of the API that they are of. */

export const KIND_NAMES = {
  pods: "Pod",
  secrets: "Secret",
  services: "Service",
  persistentvolumeclaims: "PersistentVolumeClaim",
  events: "Event",
  nodes: "Node",
  volumesnapshots: "VolumeSnapshot",
  volumesnapshotcontents: "VolumeSnapshotContent",
  volumesnapshotclasses: "VolumeSnapshotClass",
} as const;

export type KindName = keyof typeof KIND_NAMES;

/** Of kinds that a CustomResourceDefinition brings: a cluster may have them or not. */
export const SNAPSHOT_GROUP = "snapshot.storage.k8s.io";

const WITHOUT_NAMESPACE: readonly KindName[] = [
  "nodes",
  "volumesnapshotcontents",
  "volumesnapshotclasses",
];

export const isKindName = (name: string): name is KindName => Object.hasOwn(KIND_NAMES, name);

export const isNamespaced = (kind: KindName): boolean => !WITHOUT_NAMESPACE.includes(kind);

/** Empty for the core group. @param kind as in paths, or as in objects. */
export const groupOf = (kind: string): string =>
  /^volumesnapshot/i.test(kind) ? SNAPSHOT_GROUP : "";

export const isCustom = (kind: KindName): boolean => groupOf(kind) !== "";

export const apiVersionOf = (kind: KindName): string =>
  isCustom(kind) ? `${groupOf(kind)}/v1` : "v1";
