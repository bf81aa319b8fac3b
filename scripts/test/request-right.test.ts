/** What a request asks for is read as an API server reads it, or `check:cluster` would compare other things. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Stage } from "../../scenarios/src/scenario.ts";
import { forbiddenTries } from "../src/check-cluster/refused-requests.ts";
import { rightOf, rightsOf } from "../src/check-cluster/request-right.ts";
import { checkUse, isOfDisks } from "../src/check-cluster/rights-used.ts";

const NS = "/api/v1/namespaces/gpu-dev";

describe("a request asks for", () => {
  for (const [method, target, right] of [
    ["GET", `${NS}/pods?labelSelector=a%3Db&limit=500`, "list pods"],
    ["GET", `${NS}/pods?watch=1&resourceVersion=7`, "watch pods"],
    ["GET", `${NS}/pods?watch=true`, "watch pods"],
    ["GET", `${NS}/pods?watch=0`, "list pods"],
    ["POST", `${NS}/pods?fieldValidation=Strict`, "create pods"],
    ["DELETE", `${NS}/pods`, "deletecollection pods"],
    ["GET", `${NS}/pods/one`, "get pods"],
    ["PUT", `${NS}/secrets/one`, "update secrets"],
    ["PATCH", `${NS}/secrets/one`, "patch secrets"],
    ["DELETE", `${NS}/secrets/one`, "delete secrets"],
    ["GET", `${NS}/pods/one/log?container=job`, "get pods/log"],
    ["POST", `${NS}/pods/one/exec?command=id`, "create pods/exec"],
    ["GET", "/api/v1/nodes?watch=1", "watch nodes (cluster)"],
    ["GET", "/api/v1/pods", "list pods (cluster)"],
    ["GET", "/apis/apps/v1/namespaces/a/deployments/b", "get deployments.apps"],
    ["GET", "/version", undefined],
    ["GET", "/readyz?verbose", undefined],
  ] as const) {
    test(`${method} ${target}: ${right}`, () => assert.equal(rightOf(method, target), right));
  }
});

test("a role gives each verb on each of its resources", () => {
  const rules = [
    { apiGroups: [""], resources: ["pods", "secrets"], verbs: ["create", "delete"] },
    { apiGroups: ["apps"], resources: ["deployments"], verbs: ["get"] },
  ];
  assert.deepEqual(rightsOf({ kind: "Role", rules }), [
    "create pods",
    "delete pods",
    "create secrets",
    "delete secrets",
    "get deployments.apps",
  ]);
  const [nodes] = rightsOf({
    kind: "ClusterRole",
    rules: [{ resources: ["nodes"], verbs: ["list"] }],
  });
  assert.equal(nodes, "list nodes (cluster)");
});

test("what must be refused has Secrets by every verb elsewhere, and what reads them at home", () => {
  const places = { namespace: "own", pod: "p", secret: "s", others: ["other"], node: "n" };
  const tries = forbiddenTries(places);
  const asked = (namespace: string) =>
    tries
      .filter(([, path]) => path.startsWith(`/api/v1/namespaces/${namespace}/secrets`))
      .map(([method, path]) => rightOf(method, path)?.split(" ")[0]);
  const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
  assert.deepEqual(asked("other").toSorted(), verbs);
  assert.deepEqual([...new Set(asked("own"))].toSorted(), [
    "deletecollection",
    "get",
    "list",
    "patch",
    "watch",
  ]);
});

test("a right that nobody uses is told, one that is missing, and one that is refused", () => {
  const asked = (right: string, status = 200) => ({ right, status });
  const brokenOf = (granted: string[], requests: { right: string; status: number }[]) => {
    const stage = new Stage(() => {});
    checkUse(stage, { used: granted.filter((right) => !isOfDisks(right)), granted }, requests);
    return stage.broken.map(({ what, result }) => `${what}: ${result}`);
  };
  const pods = ["create pods", "get pods"];
  assert.deepEqual(
    brokenOf(
      pods,
      pods.map((right) => asked(right)),
    ),
    [],
  );
  assert.deepEqual(
    brokenOf(
      [...pods, "patch pods"],
      pods.map((right) => asked(right)),
    ),
    ["the right: patch pods: never"],
  );
  assert.deepEqual(
    brokenOf(
      ["get pods"],
      pods.map((right) => asked(right)),
    ),
    ["rights that are missing: create pods"],
  );
  const refused = [asked("create pods", 403), asked("get pods")];
  assert.deepEqual(brokenOf(pods, refused), ["rights that are missing: create pods"]);
  // another step uses those
  const ofDisks = ["patch persistentvolumeclaims", "get volumesnapshots.snapshot.storage.k8s.io"];
  assert.deepEqual(
    brokenOf(
      [...pods, ...ofDisks],
      pods.map((right) => asked(right)),
    ),
    [],
  );
});
