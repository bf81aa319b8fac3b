/** The cluster: its interface, and how one behind an API server is made. */
export {
  type Access,
  AccessError,
  type AccessKeeper,
  keepAccess,
  type ReadAccess,
} from "./access.ts";
export type { CallRecord } from "./caller.ts";
export type * from "./cluster.ts";
export { ClusterError, FAILURES, type FailureKind } from "./cluster-error.ts";
export { inCluster, ownNamespace, SERVICE_ACCOUNT_FOLDER } from "./in-cluster.ts";
export { createKubeCluster, type KubeClusterOptions } from "./kube-cluster.ts";
export { kubeconfig, kubeconfigNamespace } from "./kubeconfig.ts";
export { isTaken, unlessThere } from "./name-taken.ts";
export type * from "./objects.ts";
