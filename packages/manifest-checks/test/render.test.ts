/** Our rendering of the overlays is what the golden files hold, and the golden files are kubectl's. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { merge } from "../src/kustomize/merge.ts";
import { render } from "../src/kustomize/render.ts";
import { asObject, identityOf, type K8sObject } from "../src/objects.ts";
import { parseDocuments } from "../src/read-yaml.ts";
import { K8S } from "./faults.ts";

const byIdentity = (objects: readonly K8sObject[]) =>
  Object.fromEntries(objects.map((object) => [identityOf(object), object]));
const parse = (text: string) => parseDocuments(text, "").map((value) => asObject(value, ""));

describe("golden files", () => {
  for (const folder of ["overlays/dev", "overlays/qa", "overlays/prod", "argocd"]) {
    test(`${folder} renders to its golden file`, () => {
      const golden = readFileSync(join(K8S, "golden", `${folder.split("/").at(-1)}.yaml`), "utf8");
      assert.deepEqual(byIdentity(render(join(K8S, folder))), byIdentity(parse(golden)));
    });
  }

  test("all environments stand on one base: what differs is image, scale, level, role, policy and edge", () => {
    const [dev, qa, prod] = ["dev", "qa", "prod"].map((name) =>
      byIdentity(render(join(K8S, "overlays", name))),
    );
    const differing = (one: typeof dev, other: typeof dev) =>
      Object.keys(other ?? {}).filter(
        (key) => JSON.stringify(one?.[key]) !== JSON.stringify(other?.[key]),
      );
    assert.deepEqual(differing(qa, prod).sort(), [
      " ConfigMap aux/aux-access-policy",
      " ServiceAccount aux/aux",
      "apps Deployment aux/aux",
      "apps Deployment gateway/gateway",
      "apps Deployment gpu-controlplane/jobs",
      "apps Deployment gpu-controlplane/processor",
      "autoscaling HorizontalPodAutoscaler aux/aux",
      "autoscaling HorizontalPodAutoscaler gateway/gateway",
      "autoscaling HorizontalPodAutoscaler gpu-controlplane/jobs",
      "autoscaling HorizontalPodAutoscaler gpu-controlplane/processor",
    ]);
    const onlyDev = Object.keys(dev ?? {}).filter((key) => !(key in (qa ?? {})));
    assert.deepEqual(onlyDev.sort(), [
      "networking.k8s.io Ingress gateway/gateway",
      "networking.k8s.io NetworkPolicy gateway/gateway-from-load-balancer",
      "networking.k8s.io NetworkPolicy gpu-dev/jobs-from-ssh-cidrs",
    ]);
  });
});

describe("merge", () => {
  test("maps merge, null removes, plain lists are replaced", () => {
    const base = { a: { b: 1, c: 2 }, drop: [1, 2] };
    assert.deepEqual(merge(base, { a: { c: null, d: 3 }, drop: [3] }), {
      a: { b: 1, d: 3 },
      drop: [3],
    });
    assert.deepEqual(base, { a: { b: 1, c: 2 }, drop: [1, 2] });
  });

  test("lists with a key merge item by item, the patch's items first", () => {
    const env = [
      { name: "A", value: "1" },
      { name: "B", value: "2" },
    ];
    const patch = [
      { name: "C", value: "3" },
      { name: "B", value: "4" },
    ];
    assert.deepEqual(merge({ env }, { env: patch }), {
      env: [
        { name: "C", value: "3" },
        { name: "B", value: "4" },
        { name: "A", value: "1" },
      ],
    });
  });
});

test("without kubectl check:render says that it did not run, and does not fail", () => {
  const script = join(import.meta.dirname, "../src/check-render.ts");
  const { stdout, status } = spawnSync(process.execPath, [script], {
    encoding: "utf8",
    env: { PATH: "/nowhere" },
  });
  assert.equal(stdout, "check:render: not run: kubectl absent\n");
  assert.equal(status, 0);
});
