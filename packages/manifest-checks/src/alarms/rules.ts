/** The alarms of an overlay, as Prometheus reads them. */
import type { K8sObject } from "../objects.ts";

export interface Alarm {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly Alarm[];
}

export function ruleGroupsOf(objects: readonly K8sObject[]): RuleGroup[] {
  return objects
    .filter(({ kind }) => kind === "PrometheusRule")
    .flatMap(({ spec }) => (spec as { groups: RuleGroup[] }).groups);
}

/** A text of an alarm with `{{ $labels.x }}` filled in. */
export const filled = (text: string, labels: Readonly<Record<string, string>>): string =>
  text.replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, name: string) => labels[name] ?? "");
