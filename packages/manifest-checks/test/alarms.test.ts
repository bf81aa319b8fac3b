/** Each alarm names an entry of the runbook and metrics that exist; each alarm entry has an alarm. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { render } from "../src/kustomize/render.ts";
import { K8S } from "./faults.ts";

const ROOT = join(K8S, "..");

interface Alarm {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly runbook_url: string };
}

const alarms = render(join(K8S, "overlays/prod"))
  .filter(({ kind }) => kind === "PrometheusRule")
  .flatMap(({ spec }) => (spec as { groups: { rules: Alarm[] }[] }).groups)
  .flatMap(({ rules }) => rules);

test("the alarms are those of errors, of what stands behind, of logins, queues and the policy", () => {
  assert.deepEqual(alarms.map(({ alert }) => alert).sort(), [
    "AirlockAuxErrorRatio",
    "AirlockGatewayErrorRatio",
    "AirlockJobsDatabase",
    "AirlockJobsErrorRatio",
    "AirlockLoginsFailing",
    "AirlockPolicyStale",
    "AirlockQueueAge",
    "AirlockSessionAge",
    "AirlockThrottling",
    "AirlockUpstreamOpen",
  ]);
});

test("each alarm has its entry in the runbook, and the runbook names no alarm that is not there", () => {
  const runbook = readFileSync(join(ROOT, "docs/runbook.md"), "utf8");
  const prefix = "https://github.com/example/airlock/blob/main/docs/runbook.md#";
  const entries = [...runbook.matchAll(/^<a id="([\w-]+)"><\/a>\n## /gm)].map(([, id]) => id);
  for (const { alert, annotations } of alarms) {
    const { runbook_url: url } = annotations;
    assert.ok(
      url.startsWith(prefix) && entries.includes(url.slice(prefix.length)),
      `${alert}: ${url}`,
    );
  }
  const named = [...runbook.matchAll(/`(Airlock[A-Z]\w+)`/g)].map(([, name]) => name);
  const known = alarms.map(({ alert }) => alert);
  assert.deepEqual(
    named.filter((name = "") => !known.includes(name)),
    [],
  );
});

test("every metric that an alarm reads is made by a service", () => {
  const made = new Set(
    sources().flatMap((text) =>
      [...text.matchAll(/(?:name: |counter\()"([a-z_]+)"/g)].map(([, name]) => name),
    ),
  );
  for (const { alert, expr } of alarms) {
    const read = [...expr.matchAll(/\b([a-z]+(?:_[a-z]+)+)\{/g)].map(([, name = ""]) =>
      name.replace(/_count$/, ""),
    );
    assert.ok(read.length > 0, alert);
    for (const name of read)
      assert.ok(made.has(name), `${alert} reads ${name}, which nothing makes`);
  }
});

test("the outcome that the throttling alarm looks for is one that aux reports", () => {
  assert.ok(sources().some((text) => text.includes("aws_throttled")));
});

function sources(): string[] {
  return ["packages", "services"].flatMap((folder) =>
    readdirSync(join(ROOT, folder)).flatMap((name) => {
      const path = join(ROOT, folder, name, "src");
      return readdirSync(path, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts"))
        .map((file) => readFileSync(join(path, file), "utf8"));
    }),
  );
}
