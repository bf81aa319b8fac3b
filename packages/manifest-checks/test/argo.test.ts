/** Which Application brings what, from which revision, to where. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { applicationsOf } from "../src/argo.ts";
import { render } from "../src/kustomize/render.ts";
import { identityOf, type K8sObject } from "../src/objects.ts";
import { K8S } from "./faults.ts";

const objects = render(join(K8S, "argocd"));
const applications = objects
  .filter(({ kind }) => kind === "ApplicationSet")
  .flatMap(applicationsOf);
const contents = (path: string | undefined): K8sObject[] => render(join(K8S, "..", path ?? ""));

test("there is one Application for each service and environment, and one for the namespace of jobs", () => {
  assert.deepEqual(
    applications
      .map(
        ({ metadata, spec }) =>
          `${metadata.name}: ${spec.source?.path} at ${spec.source?.targetRevision}`,
      )
      .sort(),
    [
      "airlock-dev-aux: k8s/overlays/dev/aux at main",
      "airlock-dev-gateway: k8s/overlays/dev/gateway at main",
      "airlock-dev-gpu-dev: k8s/overlays/dev/gpu-dev at main",
      "airlock-dev-jobs: k8s/overlays/dev/jobs at main",
      "airlock-dev-processor: k8s/overlays/dev/processor at main",
      "airlock-prod-aux: k8s/overlays/prod/aux at >=0.0.0",
      "airlock-prod-gateway: k8s/overlays/prod/gateway at >=0.0.0",
      "airlock-prod-gpu-dev: k8s/overlays/prod/gpu-dev at >=0.0.0",
      "airlock-prod-jobs: k8s/overlays/prod/jobs at >=0.0.0",
      "airlock-prod-processor: k8s/overlays/prod/processor at >=0.0.0",
      "airlock-qa-aux: k8s/overlays/qa/aux at >=0.0.0-0",
      "airlock-qa-gateway: k8s/overlays/qa/gateway at >=0.0.0-0",
      "airlock-qa-gpu-dev: k8s/overlays/qa/gpu-dev at >=0.0.0-0",
      "airlock-qa-jobs: k8s/overlays/qa/jobs at >=0.0.0-0",
      "airlock-qa-processor: k8s/overlays/qa/processor at >=0.0.0-0",
    ],
  );
});

test("no Application owns an object of another one on the same cluster", () => {
  const owners = new Map<string, string>();
  for (const { metadata, spec } of applications) {
    for (const object of contents(spec.source?.path)) {
      const key = `${spec.destination.server} ${identityOf(object)}`;
      assert.equal(
        owners.get(key),
        undefined,
        `${key} belongs to ${owners.get(key)} and ${metadata.name}`,
      );
      owners.set(key, metadata.name);
    }
  }
  assert.ok(owners.size > 50);
});

test("the Applications of an environment bring what kubectl apply -k of the overlay would", () => {
  for (const environment of ["dev", "qa", "prod"]) {
    const own = applications.filter(({ metadata }) =>
      metadata.name.startsWith(`airlock-${environment}-`),
    );
    const names = own.flatMap(({ spec }) => contents(spec.source?.path)).map(identityOf);
    assert.deepEqual(names.sort(), contents(`k8s/overlays/${environment}`).map(identityOf).sort());
  }
});

test("what gives rights is in an Application of its own, whose project runs nothing", () => {
  const kindsIn = (name: string) => [
    ...new Set(contents(`k8s/overlays/prod/${name}`).map(({ kind }) => kind)),
  ];
  assert.deepEqual(kindsIn("gpu-dev").sort(), [
    "ClusterRole",
    "ClusterRoleBinding",
    "LimitRange",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "Role",
    "RoleBinding",
    "ServiceAccount",
  ]);
  for (const { metadata, spec } of applications)
    assert.equal(spec.project.endsWith("-rights"), metadata.name.endsWith("-gpu-dev"));
});
