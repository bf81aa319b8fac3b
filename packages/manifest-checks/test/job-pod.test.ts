/** The pods that the processor makes hold to the profiles that their namespace enforces, by the rules that our own manifests are held to. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { podSecurityRules } from "../src/rules/pod-security.ts";
import { K8S } from "./faults.ts";

const GOLDEN = join(K8S, "../services/processor/test/golden");
const pods = readdirSync(GOLDEN).filter((name) => name.startsWith("pod-"));

interface Pod {
  readonly metadata: { readonly labels: Record<string, string> };
  readonly spec: { containers: object[]; volumes: object[] };
}
const read = (name: string): Pod => JSON.parse(readFileSync(join(GOLDEN, name), "utf8"));

function broken({ metadata, spec }: Pod, level: "baseline" | "restricted"): string[] {
  const isOfLevel = (linter: string) =>
    linter === "pss baseline" || (level === "restricted" && linter === "pss restricted");
  const template = { metadata, spec };
  const object = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "pod", namespace: "gpu-dev" },
    spec: { template },
  };
  const found: string[] = [];
  for (const rule of podSecurityRules.filter(({ linters }) => linters.some(isOfLevel))) {
    const world = { name: "pods", environment: undefined, objects: [object] };
    rule.check(world, (_, sentence) => found.push(`${rule.id}: ${sentence}`));
  }
  return found;
}

for (const name of pods) {
  const level = name === "pod-baseline.json" ? "baseline" : "restricted";
  test(`${name} holds to ${level}`, () => {
    assert.deepEqual(broken(read(name), level), []);
  });
}

test("what would not hold is found", () => {
  assert.ok(pods.length > 3);
  const pod = read("pod-with-command.json");
  const [container] = pod.spec.containers;
  const privileged = { ...container, securityContext: { privileged: true } };
  assert.deepEqual(
    broken({ ...pod, spec: { ...pod.spec, containers: [privileged] } }, "baseline"),
    ["privileged: container job must not be privileged"],
  );
  const volumes = [...pod.spec.volumes, { name: "host", hostPath: { path: "/" } }];
  const ids = broken({ ...pod, spec: { ...pod.spec, volumes } }, "restricted");
  assert.equal(ids.length, 1, ids.join());
  assert.ok(broken(read("pod-baseline.json"), "restricted").length > 0);
});
