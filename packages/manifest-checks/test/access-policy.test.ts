/** Each environment's access policy is mounted where aux looks for it, and gives nothing of another environment. */
import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import { describe, test } from "node:test";
import { resourceOf } from "../../../services/aux/src/policy/cli-name.ts";
import { parsePolicy } from "../../../services/aux/src/policy/parse-policy.ts";
import type { Resource } from "../../../services/aux/src/policy/policy.ts";
import { VERBS } from "../../../services/aux/src/policy/rule.ts";
import { render } from "../src/kustomize/render.ts";
import { ENVIRONMENTS, envOf, workloads } from "../src/world.ts";
import { chosenIn, K8S } from "./faults.ts";

/** The text of the policy as a pod of aux would find it. */
function mountedPolicy(environment: string): string {
  const objects = render(join(K8S, "overlays", environment, "aux"));
  const [workload] = workloads({ name: environment, environment: undefined, objects });
  const [container] = workload?.containers ?? [];
  assert.ok(workload && container);
  const file = envOf(container, "ACCESS_POLICY_FILE") ?? "";
  const mount = container.volumeMounts?.find(({ mountPath }) => mountPath === dirname(file));
  assert.ok(mount && mount.subPath === undefined, "a subPath is never updated");
  const volume = workload.pod.volumes?.find(({ name }) => name === mount.name);
  const configMap = objects.find(
    ({ kind, metadata }) => kind === "ConfigMap" && metadata.name === volume?.configMap?.name,
  );
  return (configMap?.data as Record<string, string> | undefined)?.[basename(file)] ?? "";
}

describe("the access policy of", () => {
  for (const environment of ENVIRONMENTS) {
    test(`${environment} can be used, and gives nothing of another environment`, () => {
      const policy = parsePolicy(mountedPolicy(environment));
      const subject = { caller: undefined, groups: undefined };
      const allowed = (resource: Resource) =>
        VERBS.filter((verb) => policy.decide(subject, verb, resource).allow);
      for (const other of ENVIRONMENTS.filter((name) => name !== environment)) {
        const parameter = `${chosenIn(other).aws.parameters}/database/password`;
        assert.deepEqual(
          allowed(resourceOf(parameter, "read", true) ?? assert.fail(parameter)),
          [],
        );
      }
      assert.deepEqual(allowed(resourceOf("my-parameter", "read", false) ?? assert.fail()), []);
      assert.deepEqual(allowed({ kind: "bucket", name: "somebody-elses" }), []);
    });
  }
});
