/** Limits of what a namespace may hold: refused in the words of a real server's ResourceQuota. */
import { KIND_NAMES, type KindName } from "./kind-names.ts";
import { isFinal, type Json, jsonOf, type PodObject, textOf } from "./objects.ts";
import { Refusal } from "./refusal.ts";
import { requestsOf } from "./scheduler/fit.ts";
import { parseQuantity } from "./scheduler/quantity.ts";
import type { World } from "./world.ts";

const NAME = "limit";

/** @throws Refusal 403 when it would be more than its namespace may hold. */
export function checkQuota(world: World, kind: KindName, namespace: string, object: Json): void {
  const limits = world.quotas.get(namespace);
  if (limits === undefined) return;
  const asked = amountsOf(kind, object);
  const over = Object.entries(limits).filter(([resource, limit]) => {
    const wanted = asked.get(resource) ?? 0;
    return wanted > 0 && wanted + usedIn(world, namespace, resource) > parseQuantity(limit);
  });
  if (over.length === 0) return;
  const say = (amount: (resource: string, limit: string) => string | number) =>
    over.map(([resource, limit]) => `${resource}=${amount(resource, limit)}`).join(",");
  const requested = say((resource) => asked.get(resource) ?? 0);
  const used = say((resource) => usedIn(world, namespace, resource));
  const limited = say((_, limit) => limit);
  const name = textOf(jsonOf(object.metadata).name);
  throw new Refusal(
    403,
    "Forbidden",
    `${kind} "${name}" is forbidden: exceeded quota: ${NAME}, requested: ${requested}, used: ${used}, limited: ${limited}`,
    { name, kind },
  );
}

function amountsOf(kind: KindName, object: Json): Map<string, number> {
  const amounts = new Map<string, number>([[kind, 1]]);
  if (KIND_NAMES[kind] !== "Pod") return amounts;
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
