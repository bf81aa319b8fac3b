/** The IAM policies: what they grant, whom they trust, and that they fit the manifests. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkIam, faultsOf } from "../src/iam.ts";
import { render } from "../src/kustomize/render.ts";
import { K8S } from "./faults.ts";

const oidc = (condition: Record<string, Record<string, string>>) => ({
  Effect: "Allow",
  Action: "sts:AssumeRoleWithWebIdentity",
  Principal: { Federated: "arn:aws:iam::111122223333:oidc-provider/example.com" },
  Condition: condition,
});

test("the policies of k8s/iam have no fault", () => {
  assert.deepEqual(checkIam(join(K8S, "iam")), []);
});

test("a policy that grants or trusts too much is found", () => {
  const sub = { "example.com:sub": "a" };
  const aud = { "example.com:aud": "b" };
  assert.deepEqual(faultsOf(oidc({ StringEquals: sub })), ["must pin aud with StringEquals"]);
  assert.deepEqual(faultsOf(oidc({ StringEquals: aud })), ["must pin sub with StringEquals"]);
  assert.equal(faultsOf(oidc({ StringEquals: aud, StringLike: sub })).length, 1);
  assert.deepEqual(faultsOf(oidc({ StringEquals: { ...sub, ...aud } })), []);
  const grant = (Action: string, Resource: string) =>
    faultsOf({ Effect: "Allow", Action, Resource });
  assert.equal(grant("s3:*", "arn:aws:s3:::bucket").length, 1);
  assert.equal(grant("kms:Decrypt", "*").length, 1);
  assert.equal(
    grant("ssm:GetParameter", "arn:aws:ssm:eu-west-1:111122223333:parameter/*").length,
    1,
  );
  assert.equal(
    faultsOf({ Effect: "Allow", Action: "sts:AssumeRole", Principal: { AWS: "*" } }).length,
    1,
  );
});

test("the trust policies name the ServiceAccount that aux runs as", () => {
  const account = render(join(K8S, "overlays/prod/aux")).find(
    ({ kind }) => kind === "ServiceAccount",
  );
  const { name, namespace } = account?.metadata ?? { name: "", namespace: "" };
  const read = (file: string) => readFileSync(join(K8S, "iam", file), "utf8");
  assert.ok(read("aux-trust-irsa.json").includes(`"system:serviceaccount:${namespace}:${name}"`));
  assert.ok(
    read("aux-trust-pod-identity.json").includes(
      `"aws:RequestTag/kubernetes-service-account": "${name}"`,
    ),
  );
});
