/** Items 18 and 19: what accounts may do in the cluster, as a list of what is granted; all else is refused. */
import type { IPolicyRule } from "kubernetes-models/rbac.authorization.k8s.io/v1/PolicyRule";
import type { ISubject } from "kubernetes-models/rbac.authorization.k8s.io/v1/Subject";
import type { IResourceQuota } from "kubernetes-models/v1/ResourceQuota";
import { objectRule, type Rule } from "../rule.ts";
import { ofKind, workloads } from "../world.ts";

type Grants = Readonly<Record<string, readonly string[]>>;

/** Of a namespace that holds no workload of ours: who makes pods there can use every Secret of it. */
const IN_NAMESPACE: Grants = {
  pods: ["create", "delete", "get", "list", "patch", "watch"],
  "pods/log": ["get"],
  // made, written over and taken away, never read: a patch answers with what it patched
  secrets: ["create", "update", "delete"],
  services: ["create", "delete", "get", "list", "watch"],
  persistentvolumeclaims: ["create", "delete", "get", "patch"],
  // what was said of a claim that does not come about
  events: ["list"],
};
/** Of what a cluster has beside the core. Contents and classes of snapshots are the cluster's own business. */
const OF_GROUPS: Readonly<Record<string, Grants>> = {
  "snapshot.storage.k8s.io": { volumesnapshots: ["create", "delete", "get"] },
};
const IN_CLUSTER: Grants = {
  nodes: ["list", "watch"],
  // components/count-foreign-pods
  pods: ["list"],
};

/** How a ResourceQuota calls what bounds a kind. */
function boundsOf(group: string, resource: string): string[] {
  // a part of something that is there already
  if (resource.includes("/")) return [];
  if (group !== "") return [`count/${resource}.${group}`];
  return resource === "persistentvolumeclaims" ? [resource, "requests.storage"] : [resource];
}

export const rightsRules: readonly Rule[] = [
  objectRule<{ rules?: IPolicyRule[]; aggregationRule?: object }>(
    "narrow-roles",
    18,
    [
      "kube-linter wildcard-in-rules",
      "kube-linter access-to-secrets",
      "kube-linter access-to-create-pods",
      "polaris rolePodExecAttach",
    ],
    ["Role", "ClusterRole"],
    ({ kind, metadata, rules = [], aggregationRule }, world) => {
      if (aggregationRule) return "must not be put together from others";
      const core = kind === "Role" ? IN_NAMESPACE : IN_CLUSTER;
      for (const rule of rules) {
        if (rule.nonResourceURLs?.length) return `must not grant ${rule.nonResourceURLs[0]}`;
        for (const group of rule.apiGroups ?? []) {
          const allowed = group === "" ? core : kind === "Role" ? OF_GROUPS[group] : undefined;
          if (allowed === undefined) return `must not grant anything of ${group}`;
          for (const resource of rule.resources ?? []) {
            const verb = rule.verbs.find((one) => !allowed[resource]?.includes(one));
            if (verb) return `must not grant ${verb} on ${resource}`;
          }
        }
      }
      const neighbour = workloads(world).find(({ namespace }) => namespace === metadata.namespace);
      return (
        kind === "Role" &&
        neighbour &&
        `must not be in ${metadata.namespace}, where ${neighbour.service} has its pods and Secrets`
      );
    },
  ),
  objectRule<{ rules?: IPolicyRule[] }>(
    "bounded-creation",
    18,
    [],
    ["Role"],
    ({ metadata, rules = [] }, world) => {
      const bounds = ofKind<IResourceQuota>(world, "ResourceQuota")
        .filter((quota) => quota.metadata?.namespace === metadata.namespace)
        .flatMap(({ spec }) => Object.keys(spec?.hard ?? {}));
      const made = rules
        .filter(({ verbs }) => verbs.includes("create"))
        .flatMap(({ apiGroups = [], resources = [] }) =>
          apiGroups.flatMap((group) => resources.flatMap((resource) => boundsOf(group, resource))),
        );
      const missing = made.find((bound) => !bounds.includes(bound));
      return missing && `must not let make what no ResourceQuota bounds: ${missing}`;
    },
  ),
  objectRule<{ subjects?: ISubject[]; roleRef: { kind: string; name: string } }>(
    "exact-binding",
    18,
    ["kube-linter access-to-secrets"],
    ["RoleBinding", "ClusterRoleBinding"],
    ({ metadata, subjects = [], roleRef }, world) => {
      const role = ofKind(world, roleRef.kind).find(({ metadata: { name, namespace } }) => {
        return name === roleRef.name && namespace === metadata.namespace;
      });
      if (!role) return `must bind a role of ours, not ${roleRef.kind} ${roleRef.name}`;
      const accounts = workloads(world).map(
        ({ namespace, pod }) => `${namespace}/${pod.serviceAccountName}`,
      );
      const stray = subjects.find(
        ({ kind, name, namespace }) =>
          kind !== "ServiceAccount" || !accounts.includes(`${namespace}/${name}`),
      );
      if (stray) return `must not give rights to ${stray.kind} ${stray.name}`;
      return subjects.length !== 1 && "must give rights to one account";
    },
  ),
  objectRule<{ roleRef?: { name: string } }>(
    "no-cluster-admin",
    19,
    ["kube-linter cluster-admin-role-binding"],
    ["RoleBinding", "ClusterRoleBinding"],
    ({ roleRef }) => roleRef?.name === "cluster-admin" && "must not bind cluster-admin",
  ),
];
