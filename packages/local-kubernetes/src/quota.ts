/** Limits of what a namespace may hold: refused in the words of a real server's ResourceQuota. */
import { groupOf, KIND_NAMES, type KindName } from "./kind-names.ts";
import { isFinal, type Json, jsonOf, type PodObject, textOf } from "./objects.ts";
import { forbiddenFor } from "./refusal.ts";
import { requestsOf } from "./scheduler/fit.ts";
import { formatBytes, parseQuantity } from "./scheduler/quantity.ts";
import type { World } from "./world.ts";

const NAME = "limit";
const STORAGE = "requests.storage";

/**
 * @param before what it was; undefined: it is new.
 * @throws Refusal 403 when it would be more than its namespace may hold.
 */
export function checkQuota(
  world: World,
  kind: KindName,
  namespace: string,
  object: Json,
  before?: Json,
): void {
  const limits = world.quotas.get(namespace);
  if (limits === undefined) return;
  const had = before === undefined ? new Map<string, number>() : amountsOf(kind, before);
  const asked = new Map(
    [...amountsOf(kind, object)].map(([resource, amount]) => [
      resource,
      amount - (had.get(resource) ?? 0),
    ]),
  );
  const over = Object.entries(limits).filter(([resource, limit]) => {
    const wanted = asked.get(resource) ?? 0;
    return wanted > 0 && wanted + usedIn(world, namespace, resource) > parseQuantity(limit);
  });
  if (over.length === 0) return;
  const say = (amount: (resource: string, limit: string) => string | number) =>
    over.map(([resource, limit]) => `${resource}=${amount(resource, limit)}`).join(",");
  const said = (resource: string, amount: number) =>
    resource === STORAGE ? formatBytes(amount) : amount;
  const requested = say((resource) => said(resource, asked.get(resource) ?? 0));
  const used = say((resource) => said(resource, usedIn(world, namespace, resource)));
  const limited = say((_, limit) => limit);
  const words = `exceeded quota: ${NAME}, requested: ${requested}, used: ${used}, limited: ${limited}`;
  throw forbiddenFor(kind, textOf(jsonOf(object.metadata).name), words);
}

function amountsOf(kind: KindName, object: Json): Map<string, number> {
  const count = `count/${[kind, groupOf(kind)].filter(Boolean).join(".")}`;
  const amounts = new Map<string, number>([
    [kind, 1],
    [count, 1],
  ]);
  if (kind === "persistentvolumeclaims") {
    const { requests } = jsonOf(jsonOf(object.spec).resources);
    amounts.set(STORAGE, parseQuantity(textOf(jsonOf(requests).storage)));
  }
  if (kind !== "pods") return amounts;
  for (const [name, amount] of requestsOf(object as unknown as PodObject)) {
    amounts.set(`requests.${name}`, amount);
  }
  return amounts;
}

function usedIn({ store }: World, namespace: string, resource: string): number {
  const kinds = Object.keys(KIND_NAMES) as KindName[];
  return kinds
    .flatMap((kind) => store.all(kind).map((object) => ({ kind, object })))
    .filter(({ object }) => object.metadata.namespace === namespace)
    .filter(({ kind, object }) => kind !== "pods" || !isFinal(object as PodObject))
    .reduce((sum, { kind, object }) => sum + (amountsOf(kind, object).get(resource) ?? 0), 0);
}
