/** The cases as promtool's unit tests of rules. */
import type { K8sObject, Mapping } from "../objects.ts";
import { CASES, type Case, HEALTHY, HEALTHY_AT_MINUTES } from "./cases.ts";
import { type Alarm, filled, ruleGroupsOf } from "./rules.ts";
import type { Series } from "./series.ts";
import { labelsOf, type Target, targetsOf } from "./targets.ts";

/** The addresses of two pods. */
const PODS = ["10.0.0.11:9090", "10.0.0.12:9090"];

/** @param objects of an overlay. */
export function promtoolTests(objects: readonly K8sObject[], rulesFile: string): Mapping {
  const targets = new Map(targetsOf(objects).map((target) => [target.service, target]));
  const alarms = ruleGroupsOf(objects).flatMap(({ rules }) => rules);
  return {
    rule_files: [rulesFile],
    evaluation_interval: "30s",
    tests: [
      ...CASES.map((one) => testOf(one, targets, alarms)),
      {
        name: "all is well",
        interval: "30s",
        input_series: seriesOf(HEALTHY, HEALTHY, targets),
        alert_rule_test: HEALTHY_AT_MINUTES.flatMap((minute) =>
          alarms.map(({ alert }) => ({
            eval_time: `${minute}m`,
            alertname: alert,
            exp_alerts: [],
          })),
        ),
      },
    ],
  };
}

function testOf(
  { alarm, title, fires, series, atSecond = series, atMinute = 20 }: Case,
  targets: ReadonlyMap<string, Target>,
  alarms: readonly Alarm[],
): Mapping {
  const rule = alarms.find(({ alert }) => alert === alarm);
  if (!rule) throw new Error(`no alarm ${alarm}`);
  return {
    name: `${alarm}: ${title}`,
    interval: "30s",
    input_series: seriesOf(series, atSecond, targets),
    alert_rule_test: [
      {
        eval_time: `${atMinute}m`,
        alertname: alarm,
        exp_alerts: fires ? [firing(rule, fires)] : [],
      },
    ],
  };
}

function firing(rule: Alarm, own: Readonly<Record<string, string>>): Mapping {
  const [, job = ""] = /job="([\w-]+)"/.exec(rule.expr) ?? [];
  const [, namespace = ""] = /namespace="([\w-]+)"/.exec(rule.expr) ?? [];
  const labels = { job, namespace, ...own };
  return {
    exp_labels: { ...labels, ...rule.labels },
    exp_annotations: Object.fromEntries(
      Object.entries(rule.annotations).map(([name, text]) => [name, filled(text, labels)]),
    ),
  };
}

type PerService = Readonly<Record<string, readonly Series[]>>;

function seriesOf(first: PerService, second: PerService, targets: ReadonlyMap<string, Target>) {
  return [first, second].flatMap((perService, pod) =>
    Object.entries(perService).flatMap(([service, all]) => {
      const target = targets.get(service);
      if (!target) throw new Error(`no ServiceMonitor finds ${service}`);
      const ofTarget = labelsOf(target, PODS[pod] ?? "");
      ofTarget.pod = `${ofTarget.pod}${pod}`;
      return all.map(([metric, own, values]) => ({
        series: `${metric}{${written({ ...own, ...ofTarget })}}`,
        values,
      }));
    }),
  );
}

const written = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(",");
