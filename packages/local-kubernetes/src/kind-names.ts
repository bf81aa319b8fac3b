/** The kinds that are there, by their names in paths and in objects. */

export const KIND_NAMES = {
  pods: "Pod",
  secrets: "Secret",
  services: "Service",
  persistentvolumeclaims: "PersistentVolumeClaim",
  events: "Event",
  nodes: "Node",
} as const;

export type KindName = keyof typeof KIND_NAMES;

export const isKindName = (name: string): name is KindName => Object.hasOwn(KIND_NAMES, name);

export const isNamespaced = (kind: KindName): boolean => kind !== "nodes";
