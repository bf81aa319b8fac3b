/** The overlays of `check:cluster`: versions that a user would apply, and an eye for what a server made of them. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { checkDeployed } from "../../packages/manifest-checks/src/check.ts";
import { render } from "../../packages/manifest-checks/src/kustomize/render.ts";
import type { K8sObject } from "../../packages/manifest-checks/src/objects.ts";
import { linesOf } from "../../packages/manifest-checks/src/report.ts";
import {
  ENVIRONMENTS,
  type EnvironmentName,
  SERVICES,
} from "../../packages/manifest-checks/src/world.ts";
import { differences } from "../src/check-cluster/contains.ts";
import { objectFaults, rolloutFaults } from "../src/check-cluster/deployed.ts";
import type { Kubectl } from "../src/check-cluster/kubectl.ts";
import { VERSIONS, type Version, writeVersion } from "../src/check-cluster/overlay-versions.ts";
import { askServed } from "../src/check-cluster/served.ts";

function renderVersion(environment: EnvironmentName, version: Version): K8sObject[] {
  const folder = mkdtempSync(join(tmpdir(), "airlock-versions-"));
  try {
    writeVersion(folder, version, environment, (service) => service, {});
    return render(join(folder, "overlays", environment));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const templatesOf = (objects: readonly K8sObject[]): string[] =>
  objects
    .filter(({ kind }) => kind === "Deployment")
    .map((object) => JSON.stringify((object.spec as { template: object }).template));

describe("the versions of", () => {
  for (const environment of ENVIRONMENTS) {
    test(`${environment} pass the checks, and each brings new pods of every service or none`, async () => {
      const seen = new Set<string>();
      for (const version of VERSIONS) {
        const objects = renderVersion(environment, version);
        const world = { name: version.name, environment, objects };
        assert.deepEqual(linesOf([[version.name, await checkDeployed(world)]]), []);
        for (const template of templatesOf(objects)) {
          seen.add(template);
          const images = template.match(/"image":"[^"]*"/g) ?? [];
          assert.ok(images.length > 0 && images.every((image) => image.includes(version.digest)));
        }
        assert.equal(seen.size, SERVICES.length * version.templates, version.name);
      }
    });
  }
});

describe("differences", () => {
  const sent = {
    spec: {
      replicas: 2,
      args: ["a", "b"],
      env: [
        { name: "A", value: "1" },
        { name: "B", value: "2" },
      ],
    },
  };
  const stored = (change: object) => ({ kind: "X", spec: { ...sent.spec, ...change } });

  test("a server may add fields, and put named items in another order", () => {
    const env = [
      { name: "B", value: "2", extra: true },
      { name: "A", value: "1" },
    ];
    assert.deepEqual(differences(sent, stored({ env, more: {} })), []);
  });

  for (const [what, change, paths] of [
    ["another value", { replicas: 3 }, ["spec.replicas"]],
    ["a field that is gone", { replicas: undefined }, ["spec.replicas"]],
    ["another order of words", { args: ["b", "a"] }, ["spec.args[0]", "spec.args[1]"]],
    ["a word more", { args: ["a", "b", "c"] }, ["spec.args, by its length"]],
    ["an item that is gone", { env: [{ name: "A", value: "1" }] }, ["spec.env[B]"]],
    [
      "an item of the version before",
      { env: [...sent.spec.env, { name: "OLD", value: "3" }] },
      ["spec.env[OLD], which was not sent"],
    ],
    [
      "another value of an item",
      {
        env: [
          { name: "A", value: "x" },
          { name: "B", value: "2" },
        ],
      },
      ["spec.env[A].value"],
    ],
  ] as const) {
    test(`finds ${what}`, () => assert.deepEqual(differences(sent, stored(change)), paths));
  }
});

const labels = { "app.kubernetes.io/part-of": "airlock", "app.kubernetes.io/name": "jobs" };
const deployment = (image: string, metadata: object = {}): K8sObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "jobs", namespace: "own", labels, ...metadata },
  spec: {
    template: {
      spec: {
        initContainers: [{ name: "migrate", image }],
        containers: [{ name: "jobs", image }],
      },
    },
  },
});
const list = (items: readonly object[]): string => JSON.stringify({ kind: "List", items });

test("what an older server lacks is left out of what it gets, and told by name", async () => {
  const kubectl: Kubectl = async (args) => {
    const path = args.at(-1);
    if (path === "/apis/policy/v1") throw new Error("Error from server (NotFound)");
    return path === "/openapi/v2"
      ? '{"topologyKey":{}}'
      : list([]).replace("items", "resources").replace("[]", '[{"kind":"Deployment"}]');
  };
  const budget = {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "jobs" },
  };
  const pods = {
    ...deployment("a"),
    spec: { spread: [{ topologyKey: "x", matchLabelKeys: ["y"] }] },
  };
  const served = await askServed(kubectl, [budget, pods]);
  assert.deepEqual(served.of([budget, pods]), [
    { ...pods, spec: { spread: [{ topologyKey: "x" }] } },
  ]);
  assert.deepEqual(served.missingOf([budget, pods]), [
    "PodDisruptionBudget of policy/v1 (jobs)",
    "the field matchLabelKeys",
  ]);
});

test("an object of ours that was not applied is told; what a controller made of one is not", async () => {
  const wanted = deployment("a@1");
  const job = { ...deployment("a@0"), apiVersion: "batch/v1", kind: "Job" };
  const ownerReferences = [{ kind: "Deployment", name: "jobs" }];
  const pod = { ...deployment("a@1", { ownerReferences }), kind: "Pod" };
  const elsewhere = deployment("a@0", { namespace: "gpu-controlplane" });
  const kubectl: Kubectl = async (args) =>
    list(args.includes("-f") ? [deployment("a@0")] : [wanted, job, pod, elsewhere]);
  const image = "Deployment own/jobs: spec.template.spec";
  assert.deepEqual(await objectFaults(kubectl, [wanted]), [
    `${image}.initContainers[migrate].image`,
    `${image}.containers[jobs].image`,
    "Job own/jobs: is there and was not applied",
  ]);
});

test("pods whose migration is of another version are told", async () => {
  const wanted = deployment(`a@${VERSIONS[0]?.digest}`);
  const seen = {
    ...wanted,
    metadata: { ...wanted.metadata, generation: 1 },
    status: { observedGeneration: 1 },
  };
  const set = {
    ...deployment("a@sha256:old", { annotations: { "deployment.kubernetes.io/revision": "1" } }),
    kind: "ReplicaSet",
  };
  const kubectl: Kubectl = async () => list([seen, set]);
  const version = { digest: VERSIONS[0]?.digest ?? "", templates: 2 };
  assert.deepEqual(await rolloutFaults(kubectl, [wanted], version), [
    "own/jobs: 1 templates",
    "own/jobs: migrate is a@sha256:old",
    "own/jobs: jobs is a@sha256:old",
  ]);
});
