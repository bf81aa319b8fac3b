/** Whether a pod may be on a node, and if not, why: the filters of the real scheduler, in its order. */
import {
  isJson,
  jsonOf,
  listOf,
  type NodeObject,
  type PodObject,
  type Taint,
  type Toleration,
  textOf,
} from "../objects.ts";
import { parseQuantity } from "./quantity.ts";

/** Resource → how much. */
export type Amounts = ReadonlyMap<string, number>;

export type Unfit =
  | { readonly why: "unschedulable" }
  | { readonly why: "taint"; readonly taint: Taint }
  | { readonly why: "affinity" }
  | { readonly why: "tooManyPods" }
  | { readonly why: "insufficient"; readonly resource: string };

/** Empty when it fits. The first filter that says no is heard alone. @param used by the pods that are there. */
export function unfit(pod: PodObject, node: NodeObject, used: Amounts): Unfit[] {
  const tolerations = pod.spec.tolerations ?? [];
  const cordon = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };
  if (node.spec.unschedulable && !isTolerated(cordon, tolerations)) {
    return [{ why: "unschedulable" }];
  }
  const taint = node.spec.taints?.find(
    (one) => one.effect !== "PreferNoSchedule" && !isTolerated(one, tolerations),
  );
  if (taint !== undefined) return [{ why: "taint", taint }];
  if (!isWanted(pod, node)) return [{ why: "affinity" }];
  return lacking(pod, node, used);
}

export function isTolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  return tolerations.some(({ key, operator = "Equal", value = "", effect }) => {
    if (effect !== undefined && effect !== "" && effect !== taint.effect) return false;
    if (key !== undefined && key !== "" && key !== taint.key) return false;
    return operator === "Exists" || (key !== undefined && value === (taint.value ?? ""));
  });
}

function isWanted(pod: PodObject, node: NodeObject): boolean {
  const labels = node.metadata.labels ?? {};
  const wanted = Object.entries(pod.spec.nodeSelector ?? {});
  if (!wanted.every(([key, value]) => labels[key] === value)) return false;
  const required = jsonOf(
    jsonOf(pod.spec.affinity).nodeAffinity,
  ).requiredDuringSchedulingIgnoredDuringExecution;
  if (!isJson(required)) return true;
  return listOf(required.nodeSelectorTerms).some((term) => {
    const { matchExpressions, matchFields } = jsonOf(term);
    const expressions = listOf(matchExpressions);
    const fields = listOf(matchFields);
    // a term without rules selects nothing
    if (expressions.length + fields.length === 0) return false;
    return (
      expressions.every((rule) => isMatch(jsonOf(rule), labels)) &&
      fields.every((rule) => isMatch(jsonOf(rule), { "metadata.name": node.metadata.name }))
    );
  });
}

function isMatch(
  rule: Readonly<Record<string, unknown>>,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = labels[textOf(rule.key)];
  const values = listOf(rule.values).map(textOf);
  switch (rule.operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return value !== undefined && Number(value) > Number(values[0]);
    case "Lt":
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

function lacking(pod: PodObject, node: NodeObject, used: Amounts): Unfit[] {
  const allocatable = node.status.allocatable ?? {};
  const roomFor = (resource: string) =>
    parseQuantity(allocatable[resource] ?? "0") - (used.get(resource) ?? 0);
  const full: Unfit[] = roomFor("pods") < 1 ? [{ why: "tooManyPods" }] : [];
  const short = [...requestsOf(pod)]
    .filter(([resource, amount]) => amount > 0 && amount > roomFor(resource))
    .map(([resource]) => ({ why: "insufficient", resource }) as const);
  return [...full, ...short];
}

/** Containers run at once; those of the beginning one after the other, before them. */
export function requestsOf({ spec }: PodObject): Map<string, number> {
  const sum = new Map<string, number>();
  for (const { resources } of spec.containers) {
    for (const [name, amount] of Object.entries(resources?.requests ?? {})) {
      sum.set(name, (sum.get(name) ?? 0) + parseQuantity(amount));
    }
  }
  for (const { resources } of spec.initContainers ?? []) {
    for (const [name, amount] of Object.entries(resources?.requests ?? {})) {
      sum.set(name, Math.max(sum.get(name) ?? 0, parseQuantity(amount)));
    }
  }
  return sum;
}
