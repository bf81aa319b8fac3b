/** The IAM policies: what they grant, whom they trust, and that they fit the manifests. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { apiFaults, checkIam, faultsOf } from "../src/iam.ts";
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

describe("the policy of the execution API", () => {
  const METHOD = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/prod/GET/s3/*";
  const file = JSON.parse(readFileSync(join(K8S, "iam/execution-api-policy.json"), "utf8"));
  const statements: (Parameters<typeof faultsOf>[0] & { Sid: string })[] = file.Statement;
  const without = (sid: string) => apiFaults(statements.filter(({ Sid }) => Sid !== sid));

  test("each Deny that is taken away is missed", () => {
    assert.deepEqual(apiFaults(statements), []);
    assert.deepEqual(without("NoOtherPrincipal"), [
      "must deny all other principals, by aws:PrincipalArn",
    ]);
    assert.deepEqual(without("NoOtherMethod"), ["must deny all other methods, by NotResource"]);
    assert.deepEqual(without("NoPlainHttp"), ["must deny plain HTTP"]);
  });

  test("a Deny by a session's ARN, of fewer methods or under a further condition is none", () => {
    const change = (sid: string, members: object) =>
      apiFaults(statements.map((one) => (one.Sid === sid ? { ...one, ...members } : one))).length;
    const session = { "aws:PrincipalArn": "arn:aws:sts::111122223333:assumed-role/gateway/pod" };
    assert.equal(change("NoOtherPrincipal", { Condition: { StringNotEquals: session } }), 1);
    assert.equal(change("NoOtherMethod", { NotResource: [METHOD] }), 1);
    const more = { Bool: { "aws:SecureTransport": "false" }, Null: { "aws:SourceVpc": "true" } };
    assert.equal(change("NoPlainHttp", { Condition: more }), 1);
  });

  test("one role on everything is found, and so are stages, methods and APIs that nobody named", () => {
    const seed = (Principal: { AWS: string } | "*") =>
      apiFaults([{ Effect: "Allow", Principal, Action: "execute-api:Invoke", Resource: "*" }]);
    assert.equal(seed({ AWS: "arn:aws:iam::111122223333:role/verification" }).length, 3);
    assert.equal(seed("*").length, 4);
    const invoke = (Resource: string, Principal?: { AWS: string }) =>
      faultsOf({
        Effect: "Allow",
        Action: "execute-api:Invoke",
        Resource,
        ...(Principal && { Principal }),
      }).length;
    for (const wide of ["*", METHOD.replace("prod", "*"), METHOD.replace("GET", "*")]) {
      assert.equal(invoke(wide), wide === "*" ? 2 : 1, wide);
      assert.equal(invoke(wide, { AWS: "arn:aws:iam::111122223333:role/gateway" }), 1, wide);
    }
    assert.equal(invoke(METHOD.replace("a1b2c3d4e5", "*")), 1);
    assert.equal(invoke(METHOD), 0);
  });

  test("NotPrincipal is nowhere", () => {
    const statement = { Effect: "Deny", NotPrincipal: { AWS: "arn:aws:iam::111122223333:root" } };
    assert.equal(faultsOf({ ...statement, Action: "execute-api:Invoke" }).length, 1);
  });
});

for (const service of ["aux", "gateway"] as const) {
  test(`the trust policies name the ServiceAccount that ${service} runs as`, () => {
    const account = render(join(K8S, "overlays/prod", service)).find(
      ({ kind }) => kind === "ServiceAccount",
    );
    const { name, namespace } = account?.metadata ?? { name: "", namespace: "" };
    const read = (form: string) =>
      readFileSync(join(K8S, `iam/${service}-trust-${form}.json`), "utf8");
    assert.ok(read("irsa").includes(`"system:serviceaccount:${namespace}:${name}"`));
    assert.ok(
      read("pod-identity").includes(`"aws:RequestTag/kubernetes-service-account": "${name}"`),
    );
  });
}
