/** Makes objects without a namespace a run's own, as kustomize does with those that have one. */
import { isMapping, type K8sObject } from "../../../packages/manifest-checks/src/objects.ts";
import type { Folder } from "../../../packages/manifest-checks/src/world.ts";

/** Which namespace the objects of a folder are in. */
export const NAMESPACES: Readonly<Record<Folder, string>> = {
  aux: "aux",
  gateway: "gateway",
  jobs: "gpu-controlplane",
  processor: "gpu-controlplane",
  "gpu-dev": "gpu-dev",
};

/**
 * Roles of the cluster get a suffix, and accounts that are given rights are those of the run: nothing that is
 * there already is changed, and nobody else is given anything. Kustomize follows the account in some of the
 * bindings alone.
 *
 * @param namespaceOf what the run has in the place of a namespace.
 */
export function ofRun(
  object: K8sObject,
  suffix: string,
  namespaceOf: (namespace: string) => string,
): K8sObject {
  const { kind, metadata, roleRef, subjects } = object;
  const isOfCluster = kind === "ClusterRole" || kind === "ClusterRoleBinding";
  const isClusterRole = isMapping(roleRef) && roleRef.kind === "ClusterRole";
  return {
    ...object,
    ...(isOfCluster && { metadata: { ...metadata, name: `${metadata.name}-${suffix}` } }),
    ...(isClusterRole && { roleRef: { ...roleRef, name: `${roleRef.name}-${suffix}` } }),
    ...(Array.isArray(subjects) && {
      subjects: subjects.map((one) =>
        Object.values(NAMESPACES).includes(one.namespace)
          ? { ...one, namespace: namespaceOf(one.namespace) }
          : one,
      ),
    }),
  };
}
