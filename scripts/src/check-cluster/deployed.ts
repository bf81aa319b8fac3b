/** Whether a cluster has what was applied, all of it and nothing of ours beside it. */
import { setTimeout as delay } from "node:timers/promises";
import {
  groupOf,
  identityOf,
  isMapping,
  type K8sObject,
  nameOf,
} from "../../../packages/manifest-checks/src/objects.ts";
import { workloads } from "../../../packages/manifest-checks/src/world.ts";
import { listOf } from "./apply.ts";
import { differences } from "./contains.ts";
import type { Kubectl } from "./kubectl.ts";
import type { Version } from "./overlay-versions.ts";

const REVISION = "deployment.kubernetes.io/revision";
const OURS = "--selector=app.kubernetes.io/part-of=airlock";
/** Kinds that earlier versions may have left behind. */
const OTHERS = ["jobs.v1.batch", "pods"];
/** A controller looks within a second or two, where there is one. */
const CONTROLLER_MS = 20_000;

/** One sentence for each object that is not as it was sent, and for each of ours that was not sent. */
export async function objectFaults(
  kubectl: Kubectl,
  objects: readonly K8sObject[],
): Promise<string[]> {
  const args = ["get", "--output=json", "-f", "-"];
  const stored = new Map(
    itemsOf(await kubectl(args, { input: listOf(objects) })).map((one) => [identityOf(one), one]),
  );
  const wrong = objects.flatMap((object) =>
    differences(object, stored.get(identityOf(object))).map((path) => `${nameOf(object)}: ${path}`),
  );
  const kinds = new Set([...objects.filter(isNamespaced).map(resourceOf), ...OTHERS]);
  const found = await oursOf(kubectl, [...kinds], objects);
  const left = found.filter(
    (one) => !("ownerReferences" in one.metadata) && !stored.has(identityOf(one)),
  );
  return [...wrong, ...left.map((one) => `${nameOf(one)}: is there and was not applied`)];
}

/**
 * Whether the newest pods of each Deployment are of this digest, the containers that come first
 * included, and whether a template that was there before is used again.
 *
 * @returns undefined where no controller carries Deployments out.
 */
export async function rolloutFaults(
  kubectl: Kubectl,
  objects: readonly K8sObject[],
  { digest, templates }: Pick<Version, "digest" | "templates">,
): Promise<string[] | undefined> {
  const found = await carriedOut(kubectl, objects);
  if (found === undefined) return undefined;
  const sets = Map.groupBy(
    found.filter(({ kind }) => kind === "ReplicaSet"),
    placeOf,
  );
  return objects
    .filter(({ kind }) => kind === "Deployment")
    .flatMap((deployment) => {
      const place = placeOf(deployment);
      const own = (sets.get(place) ?? []).sort((a, b) => revisionOf(a) - revisionOf(b));
      const [newest] = workloads({ name: "", environment: undefined, objects: own.slice(-1) });
      const old = newest?.containers.filter(({ image }) => !image?.endsWith(`@${digest}`)) ?? [];
      return [
        ...(own.length === templates ? [] : [`${place}: ${own.length} templates`]),
        ...old.map(({ name, image }) => `${place}: ${name} is ${image}`),
      ];
    });
}

/** Whose it is: a Deployment and what is made of it have the label. */
const placeOf = ({ metadata }: K8sObject): string =>
  `${metadata.namespace}/${metadata.labels?.["app.kubernetes.io/name"]}`;

/** Deployments and what was made of them, when all have been seen to. */
async function carriedOut(
  kubectl: Kubectl,
  objects: readonly K8sObject[],
): Promise<K8sObject[] | undefined> {
  const end = performance.now() + CONTROLLER_MS;
  do {
    const found = await oursOf(kubectl, ["deployments", "replicasets"], objects);
    const deployments = found.filter(({ kind }) => kind === "Deployment");
    const isSeen = deployments.every(({ metadata, status }) => {
      const { generation } = metadata as { generation?: number };
      return isMapping(status) && status.observedGeneration === generation;
    });
    if (isSeen) return found;
    await delay(200);
  } while (performance.now() < end);
  return undefined;
}

/** Everything of these kinds that carries our label, in the namespaces of `objects`. */
async function oursOf(
  kubectl: Kubectl,
  kinds: readonly string[],
  objects: readonly K8sObject[],
): Promise<K8sObject[]> {
  const found = await kubectl(["get", kinds.join(","), "--all-namespaces", OURS, "--output=json"]);
  const namespaces = namespacesOf(objects);
  return itemsOf(found).filter(({ metadata }) => namespaces.has(metadata.namespace ?? ""));
}

function itemsOf(text: string): K8sObject[] {
  const answer = JSON.parse(text) as K8sObject & { items?: K8sObject[] };
  return answer.items ?? [answer];
}

const isNamespaced = ({ metadata }: K8sObject): boolean => metadata.namespace !== undefined;
const namespacesOf = (objects: readonly K8sObject[]): Set<string> =>
  new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []));

/** As kubectl takes it where two groups have one kind: `Ingress.v1.networking.k8s.io`. */
function resourceOf(object: K8sObject): string {
  const group = groupOf(object);
  return group ? `${object.kind}.${object.apiVersion.split("/")[1]}.${group}` : object.kind;
}

const revisionOf = ({ metadata }: K8sObject): number => Number(metadata.annotations?.[REVISION]);
