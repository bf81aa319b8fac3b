/** Whether Argo CD's projects allow what their Applications bring: what they do not it refuses, after the merge. */
import { join } from "node:path";
import type { IAppProject } from "@kubernetes-models/argo-cd/argoproj.io/v1alpha1/AppProject";
import { applicationsOf } from "./argo.ts";
import type { Finding } from "./check.ts";
import { render } from "./kustomize/render.ts";
import { groupOf, type K8sObject, nameOf } from "./objects.ts";

const RULE = "allowed-kind";

/**
 * @param root the folder k8s.
 * @param argo the objects of its folder argocd.
 */
export function projectFindings(root: string, argo: readonly K8sObject[]): Finding[] {
  const projects = new Map(
    argo
      .filter(({ kind }) => kind === "AppProject")
      .map((object) => [object.metadata.name, (object as K8sObject & IAppProject).spec]),
  );
  const applications = argo.filter(({ kind }) => kind === "ApplicationSet").flatMap(applicationsOf);
  return applications.flatMap(({ spec: { project, source, destination } }) => {
    const { clusterResourceWhitelist = [], namespaceResourceWhitelist = [] } =
      projects.get(project) ?? {};
    const allowed = [...clusterResourceWhitelist, ...namespaceResourceWhitelist];
    return render(join(root, source?.path?.replace(/^k8s\//, "") ?? "")).flatMap(
      (object): Finding[] => {
        const { kind, metadata } = object;
        const group = groupOf(object);
        const namespace =
          metadata.namespace ?? (kind === "Namespace" ? metadata.name : destination.namespace);
        if (namespace !== destination.namespace)
          return [
            found(object, `must be in ${destination.namespace}, where ${project} may bring it`),
          ];
        const isAllowed = allowed.some((one) => one.group === group && one.kind === kind);
        const what = group === "" ? kind : `${group} ${kind}`;
        return isAllowed
          ? []
          : [
              found(
                object,
                `must be allowed by ${project}: list ${what} in its file below argocd/`,
              ),
            ];
      },
    );
  });
}

const found = (object: K8sObject, sentence: string): Finding => ({
  object: nameOf(object),
  rule: RULE,
  sentence,
});
