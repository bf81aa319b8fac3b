/** How objects get into a cluster: by kubectl, or in Argo CD's way. */
import type { K8sObject } from "../../../packages/manifest-checks/src/objects.ts";
import type { Kubectl } from "./kubectl.ts";

export type Apply = (kubectl: Kubectl, objects: readonly K8sObject[]) => Promise<void>;

/** What `kubectl apply -k` does with what `kubectl kustomize` has rendered: all at once, without hooks. */
export const applyByKubectl: Apply = (kubectl, objects) => send(kubectl, objects, []);

/** As k8s/argocd says: an Application for each namespace, its sync waves, on the server's side. */
export const applyLikeArgo: Apply = async (kubectl, objects) => {
  const flags = ["--server-side", "--force-conflicts", "--field-manager=argocd-controller"];
  for (const application of groupsOf(
    objects,
    ({ metadata }) => metadata.namespace ?? metadata.name,
  ))
    for (const wave of groupsOf(application, waveOf)) await send(kubectl, wave, flags);
};

async function send(
  kubectl: Kubectl,
  items: readonly K8sObject[],
  flags: readonly string[],
): Promise<void> {
  await kubectl(["apply", ...flags, "-f", "-"], { input: listOf(items) });
}

export const listOf = (items: readonly K8sObject[]): string =>
  JSON.stringify({ apiVersion: "v1", kind: "List", items });

const waveOf = ({ metadata }: K8sObject): number =>
  Number(metadata.annotations?.["argocd.argoproj.io/sync-wave"] ?? 0);

function groupsOf<Key extends string | number>(
  objects: readonly K8sObject[],
  keyOf: (object: K8sObject) => Key,
): K8sObject[][] {
  const groups = Map.groupBy(objects, keyOf);
  const keys = [...groups.keys()].sort((a, b) => (a < b ? -1 : 1));
  return keys.map((key) => groups.get(key) ?? []);
}
