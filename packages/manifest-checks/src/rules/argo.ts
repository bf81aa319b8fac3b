/** Items 45–47: what Argo CD may do, from where, and in which order. */
import type { IApplication } from "@kubernetes-models/argo-cd/argoproj.io/v1alpha1/Application";
import type { IAppProject } from "@kubernetes-models/argo-cd/argoproj.io/v1alpha1/AppProject";
import type { K8sObject } from "../objects.ts";
import { objectRule, type Rule } from "../rule.ts";

const SYNC_OPTIONS = [
  "CreateNamespace=false",
  "ServerSideApply=true",
  "PruneLast=true",
  "ApplyOutOfSyncOnly=true",
];
/** dev follows the branch; the others a range of tags: with `-0` it takes release candidates in. */
const REVISIONS: Readonly<Record<string, RegExp>> = {
  dev: /^main$/,
  qa: /^>=\d+\.\d+\.\d+-0$|^v\d+\.\d+\.\d+/,
  prod: /^>=\d+\.\d+\.\d+$|^v\d+\.\d+\.\d+$/,
};

/** What widens or narrows what others may do, and what runs: no project has both. */
const RIGHTS = /^(Role|RoleBinding|ClusterRole|ClusterRoleBinding|ResourceQuota|LimitRange)$/;
const RUNS = /^(Pod|ReplicaSet|Deployment|StatefulSet|DaemonSet|Job|CronJob)$/;

/** The wave in which a kind is applied; workloads and what belongs to them come after. */
const EARLY_WAVES: Readonly<Record<string, string>> = {
  Namespace: "-2",
  NetworkPolicy: "-2",
  ServiceAccount: "-2",
  Role: "-2",
  RoleBinding: "-2",
  ClusterRole: "-2",
  ClusterRoleBinding: "-2",
  ResourceQuota: "-2",
  LimitRange: "-2",
  SecretStore: "-1",
  ExternalSecret: "-1",
  ConfigMap: "-1",
};

/** For k8s/argocd, with the Applications that its ApplicationSet makes. */
export const argoRules: readonly Rule[] = [
  objectRule<IAppProject>("exact-project", 45, [], ["AppProject"], ({ spec }) => {
    const {
      sourceRepos = [],
      destinations = [],
      clusterResourceWhitelist = [],
      namespaceResourceWhitelist,
    } = spec;
    if (sourceRepos.length !== 1 || sourceRepos[0]?.includes("*"))
      return "must name its one source repository";
    const isVague = destinations.some(
      ({ server, namespace }) => !server || !namespace || /\*/.test(server + namespace),
    );
    if (isVague || destinations.length === 0)
      return "must name each destination by server and namespace";
    const kinds = namespaceResourceWhitelist?.map(({ kind }) => kind);
    if (!kinds || kinds.some((kind) => /\*|^Secret$/.test(kind)))
      return "must list the kinds it allows, without Secrets";
    const ofCluster = clusterResourceWhitelist.map(({ kind }) => kind);
    if (ofCluster.some((kind) => !/^(Namespace|ClusterRole|ClusterRoleBinding)$/.test(kind)))
      return "must allow no cluster resource but Namespace, ClusterRole and ClusterRoleBinding";
    const all = [...kinds, ...ofCluster];
    return (
      all.some((kind) => RIGHTS.test(kind)) &&
      all.some((kind) => RUNS.test(kind)) &&
      "must run pods or give rights, not both: what runs could give itself rights"
    );
  }),
  objectRule<IApplication>("own-project", 45, [], ["Application"], ({ spec }, { objects }) => {
    const project = objects.find(
      ({ kind, metadata }) => kind === "AppProject" && metadata.name === spec.project,
    ) as (K8sObject & IAppProject) | undefined;
    if (!project) return `must belong to a project that exists, not ${spec.project}`;
    const isSource = project.spec.sourceRepos?.includes(spec.source?.repoURL ?? "");
    const isDestination = project.spec.destinations?.some(
      ({ server, namespace }) =>
        server === spec.destination.server && namespace === spec.destination.namespace,
    );
    return (
      !(isSource && isDestination) &&
      `must stay within the source and destinations of ${spec.project}`
    );
  }),
  objectRule<IApplication>("sync-policy", 46, [], ["Application"], ({ spec }) => {
    const { automated, syncOptions = [], retry } = spec.syncPolicy ?? {};
    if (!automated?.prune || !automated.selfHeal || automated.allowEmpty !== false)
      return "must sync by itself with prune and selfHeal, and with allowEmpty: false";
    const missing = SYNC_OPTIONS.find((option) => !syncOptions.includes(option));
    if (missing) return `must have the sync option ${missing}`;
    return (!retry?.limit || (retry.backoff?.factor ?? 1) < 2) && "must retry with back-off";
  }),
  objectRule<IApplication>("ignored-fields", 46, [], ["Application"], ({ spec }) => {
    const pointers = (spec.ignoreDifferences ?? []).flatMap(
      ({ kind, jsonPointers = [], jqPathExpressions = [], managedFieldsManagers = [] }) =>
        [...jsonPointers, ...jqPathExpressions, ...managedFieldsManagers].map(
          (path) => `${kind} ${path}`,
        ),
    );
    const stray = pointers.find((pointer) => pointer !== "Deployment /spec/replicas");
    return stray && `must not ignore ${stray}: only the autoscaler's field may differ from git`;
  }),
  objectRule<IApplication>("revision", 47, [], ["Application"], ({ metadata, spec }) => {
    const environment = metadata.name.split("-")[1] ?? "";
    const revision = spec.source?.targetRevision ?? "";
    return (
      !REVISIONS[environment]?.test(revision) &&
      `must not follow ${revision || "HEAD"} in ${environment}`
    );
  }),
];

/** For what is deployed: the order within an Application. */
export const waveRules: readonly Rule[] = [
  {
    id: "no-hook",
    item: 47,
    linters: [],
    check(world, report) {
      for (const object of world.objects) {
        const names = Object.keys(object.metadata.annotations ?? {});
        const hook = names.find((name) => /^(argocd\.argoproj\.io|helm\.sh)\/hook/.test(name));
        if (hook) report(object, `must not rely on ${hook}, which kubectl apply -k does not know`);
      }
    },
  },
  {
    id: "sync-wave",
    item: 47,
    linters: [],
    check(world, report) {
      for (const object of world.objects) {
        const service = object.metadata.namespace ?? object.metadata.name;
        const wanted = EARLY_WAVES[object.kind] ?? (service === "gateway" ? "1" : "0");
        const wave = object.metadata.annotations?.["argocd.argoproj.io/sync-wave"];
        if (wave !== wanted) report(object, `must be in sync wave ${wanted}`);
      }
    },
  },
];
