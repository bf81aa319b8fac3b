/** Each alarm has its entry in the runbook, reads what is there as the operator labels it, and has its cases. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CASES } from "../src/alarms/cases.ts";
import { promtoolTests } from "../src/alarms/promtool-tests.ts";
import { ruleGroupsOf } from "../src/alarms/rules.ts";
import { labelsOf, targetsOf } from "../src/alarms/targets.ts";
import { render } from "../src/kustomize/render.ts";
import { chosenIn, K8S } from "./faults.ts";

const objects = render(join(K8S, "overlays/prod"));
const targets = targetsOf(objects);
const alarms = ruleGroupsOf(objects).flatMap(({ rules }) => rules);
const read = (path: string) => readFileSync(join(K8S, "..", path), "utf8");

/** Each metric of ours, with its labels, from the table that is held equal to the code. */
const metrics = new Map(
  [...read("docs/metrics.md").matchAll(/^\| `(airlock_\w+)` \|(?:[^|]*\|){3}([^|]*)\|/gm)].map(
    ([, name = "", labels = ""]) => [name, [...labels.matchAll(/`(\w+)`/g)].map(([, one]) => one)],
  ),
);

test("the alarms are those of errors, of what stands behind, of who is refused, of queues, of jobs that wait, of disks, of the cluster, the policy and the rollout", () => {
  assert.deepEqual(alarms.map(({ alert }) => alert).sort(), [
    "AirlockAuxErrorRatio",
    "AirlockAuxKeysAge",
    "AirlockAuxLayerRefused",
    "AirlockAuxUnseen",
    "AirlockCallersRefused",
    "AirlockClusterErrors",
    "AirlockClusterRefuses",
    "AirlockClusterUnseen",
    "AirlockDiskOperationAge",
    "AirlockDiskSnapshotsFail",
    "AirlockExecutionApiRefuses",
    "AirlockGatewayErrorRatio",
    "AirlockGatewayKeysAge",
    "AirlockGatewayUnseen",
    "AirlockJobsDatabase",
    "AirlockJobsErrorRatio",
    "AirlockJobsKeysAge",
    "AirlockJobsLayerRefused",
    "AirlockJobsNotPlaced",
    "AirlockJobsUnseen",
    "AirlockLoginsFailing",
    "AirlockOrdersDead",
    "AirlockOrphanPods",
    "AirlockPolicyStale",
    "AirlockProcessorErrorRatio",
    "AirlockProcessorIdle",
    "AirlockProcessorKeysAge",
    "AirlockProcessorLayerRefused",
    "AirlockProcessorUnseen",
    "AirlockPromisesBroken",
    "AirlockQueueAge",
    "AirlockRolloutStale",
    "AirlockRolloutSteppedBack",
    "AirlockSessionAge",
    "AirlockSigningSessionAge",
    "AirlockStartsSlow",
    "AirlockStepsFault",
    "AirlockThrottling",
    "AirlockUnknownPods",
    "AirlockUpstreamOpen",
    "AirlockWaitsLong",
  ]);
});

test("each alarm has its entry in the runbook, which names all of them and no alarm that is not there", () => {
  const runbook = read("docs/runbook.md");
  const prefix = `${chosenIn("prod").repository}/blob/main/docs/runbook.md#`;
  const entries = [...runbook.matchAll(/^<a id="([\w-]+)"><\/a>\n## /gm)].map(([, id]) => id);
  for (const { alert, annotations } of alarms) {
    const { runbook_url: url = "" } = annotations;
    assert.ok(
      url.startsWith(prefix) && entries.includes(url.slice(prefix.length)),
      `${alert}: ${url}`,
    );
  }
  const named = [...runbook.matchAll(/`(Airlock[A-Z]\w+)`/g)].map(([, name]) => name);
  const known = alarms.map(({ alert }) => alert);
  assert.deepEqual([...new Set(named)].sort(), known.toSorted());
});

test("the operator labels what it reads by the service's name, whatever its Service is called", () => {
  assert.deepEqual(
    targets
      .map((target) => labelsOf(target, "10.0.0.1:9090"))
      .map((labels) => ({ ...labels, pod: "" })),
    [
      ["aux", "aux", "aux"],
      ["gateway", "gateway", "gateway"],
      ["jobs", "gpu-controlplane", "api-service"],
      ["processor", "gpu-controlplane", "processor"],
    ].map(([job, namespace, service]) => ({
      job,
      namespace,
      service,
      pod: "",
      container: job,
      endpoint: "metrics",
      instance: "10.0.0.1:9090",
    })),
  );
});

test("whatever an alarm selects is a metric of ours, by labels it has and those of the scrape", () => {
  for (const { alert, expr } of alarms) {
    const selectors = [...expr.matchAll(/([a-z_]+)\{(.*?)\}/g)];
    assert.ok(selectors.length > 0, alert);
    for (const [, selected = "", matchers = ""] of selectors) {
      const name = selected.replace(/_(count|sum)$/, "");
      const own = metrics.get(name);
      assert.ok(own, `${alert} reads ${name}, which nothing makes`);
      const value = (label: string) => new RegExp(`\\b${label}="([^"]*)"`).exec(matchers)?.[1];
      assert.ok(
        targets.some((target) => {
          const { job, namespace } = labelsOf(target, "");
          return job === value("job") && namespace === value("namespace");
        }),
        `${alert}: ${matchers}`,
      );
      const labels = [...matchers.matchAll(/(\w+)(?:!?=~?)"/g)].map(([, label]) => label);
      assert.deepEqual(
        labels.filter((label) => ![...own, "job", "namespace"].includes(label)),
        [],
        alert,
      );
    }
  }
});

test("each alarm has a case that makes it fire and one that does not, of metrics and labels that exist", () => {
  const alarmsOf = (isFiring: boolean) =>
    [
      ...new Set(
        CASES.filter(({ fires }) => (fires !== false) === isFiring).map((one) => one.alarm),
      ),
    ].sort();
  const all = alarms.map(({ alert }) => alert).sort();
  assert.deepEqual(alarmsOf(true), all);
  assert.deepEqual(alarmsOf(false), all);
  for (const { series, title } of CASES) {
    for (const [metric, labels] of Object.values(series).flat()) {
      const own = metrics.get(metric.replace(/_(count|sum)$/, ""));
      assert.deepEqual(Object.keys(labels).toSorted(), own?.toSorted(), `${title}: ${metric}`);
    }
  }
  const { tests } = promtoolTests(objects, "rules.json") as { tests: unknown[] };
  assert.equal(tests.length, CASES.length + 1);
});

test("the outcome that the throttling alarm looks for is one that aux reports", () => {
  assert.match(read("packages/aws/src/errors.ts"), /: "aws_throttled"/);
});
