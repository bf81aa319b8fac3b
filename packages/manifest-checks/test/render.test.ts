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
import { ENVIRONMENTS } from "../src/world.ts";
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
    const worlds = ENVIRONMENTS.map((name) => byIdentity(render(join(K8S, "overlays", name))));
    const keys = new Set(worlds.flatMap((world) => Object.keys(world)));
    const differing = [...keys].filter(
      (key) => new Set(worlds.map((world) => JSON.stringify(world[key]))).size > 1,
    );
    assert.ok(differing.includes("apps Deployment gateway/gateway"));
    const mayDiffer = [
      ...["ConfigMap", "Deployment", "HorizontalPodAutoscaler", "Ingress", "NetworkPolicy"],
      ...["ServiceAccount", "SecretStore", "ExternalSecret"],
    ];
    assert.deepEqual(
      differing.filter((key) => !mayDiffer.includes(key.split(" ")[1] ?? "")),
      [],
    );
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
