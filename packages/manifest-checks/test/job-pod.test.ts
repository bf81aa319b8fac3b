/** The pods that the processor makes meet the profile that their namespace enforces, by the rules that our own pods meet. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { DEPLOYED_RULES } from "../src/check.ts";
import { JOB_POD_LABELS } from "../src/job-pods.ts";
import { merge } from "../src/kustomize/merge.ts";
import type { K8sObject, Mapping } from "../src/objects.ts";
import { schemaFaults } from "../src/schema.ts";

const GOLDEN = join(import.meta.dirname, "../../../services/processor/test/golden");
const pods = readdirSync(GOLDEN)
  .filter((file) => file.startsWith("pod-"))
  .map((file) => {
    const pod = JSON.parse(readFileSync(join(GOLDEN, file), "utf8")) as Mapping;
    return { file, pod: { apiVersion: "v1", kind: "Pod", ...pod } as K8sObject };
  });
const RULES = DEPLOYED_RULES.filter(
  ({ item, linters }) => item <= 12 && linters.some((name) => name.startsWith("pss ")),
);
const BASELINE = RULES.filter(({ linters }) => linters.includes("pss baseline"));
/** What every pod has, whatever its profile. */
const ALWAYS = DEPLOYED_RULES.filter(({ id }) =>
  ["host-access", "proc-mount-and-sysctls", "no-token-mount"].includes(id),
);

/** The rules look at pods in templates. */
function faultsOf({ spec, metadata }: K8sObject, rules: typeof RULES): string[] {
  const template = { metadata: { labels: metadata.labels }, spec };
  const object = { apiVersion: "v1", kind: "Any", metadata, spec: { template } } as K8sObject;
  const faults: string[] = [];
  for (const rule of rules)
    rule.check({ name: "pod", environment: undefined, objects: [object] }, (_, sentence) =>
      faults.push(`${rule.id}: ${sentence}`),
    );
  return faults;
}

describe("a job's pod", () => {
  for (const { file, pod } of pods) {
    const isBaseline = file === "pod-baseline.json";
    test(`${file} is a pod, and ${isBaseline ? "baseline" : "restricted"}`, async () => {
      assert.deepEqual(await schemaFaults(pod), []);
      assert.deepEqual(faultsOf(pod, [...(isBaseline ? BASELINE : RULES), ...ALWAYS]), []);
    });

    test(`${file} is selected by the policies that are there for it`, () => {
      const labels = Object.entries(JOB_POD_LABELS);
      assert.deepEqual(
        labels.filter(([key, value]) => pod.metadata.labels?.[key] !== value),
        [],
      );
    });
  }

  test("the rules that are held against it are those of the profiles", () => {
    assert.ok(pods.length > 3);
    assert.deepEqual(RULES.map(({ id }) => id).sort(), [
      "drop-capabilities",
      "namespace-pod-security",
      "privilege-escalation",
      "privileged",
      "run-as-non-root",
      "seccomp",
      "volume-types",
    ]);
  });

  for (const [what, change] of [
    ["root", { securityContext: { runAsNonRoot: null } }],
    ["a capability", { containers: [{ name: "job", securityContext: { capabilities: null } }] }],
    ["a folder of the node", { volumes: [{ name: "home", hostPath: { path: "/" } }] }],
    ["the network of the node", { hostNetwork: true }],
    ["a token", { automountServiceAccountToken: null }],
  ] as const) {
    test(`with ${what} it does not`, () => {
      const [{ pod } = { pod: undefined }] = pods.filter(
        ({ file }) => file === "pod-with-command.json",
      );
      assert.ok(pod);
      const changed = merge(pod, { spec: change }) as K8sObject;
      assert.notDeepEqual(faultsOf(changed, [...RULES, ...ALWAYS]), []);
    });
  }
});
