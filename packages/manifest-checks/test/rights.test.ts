/** The shipped Role gives what the processor's sources ask for: nothing is missing, and nothing is unused. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { IPolicyRule } from "kubernetes-models/rbac.authorization.k8s.io/v1/PolicyRule";
import { render } from "../src/kustomize/render.ts";
import { K8S } from "./faults.ts";

const SOURCES = join(K8S, "../services/processor/src");
/** The verbs of RBAC behind each call of the cluster's interface. */
const VERBS: Readonly<Record<string, readonly string[]>> = {
  create: ["create"],
  get: ["get"],
  list: ["list"],
  replace: ["update"],
  patch: ["patch"],
  remove: ["delete"],
  follow: ["list", "watch"],
};
/** What nodes are asked for has no namespace. */
const OF_CLUSTER = ["nodes"];

function asked(text: string): string[] {
  const calls = [
    ...text.matchAll(/\bcluster\s*\.\s*(\w+)(?:<[^>]*>)?\(\s*([^,)]*)([^;]{0,80})/g),
  ].filter(([, call = ""]) => call in VERBS || /Log$/.test(call));
  return calls.flatMap(([whole, call = "", kind = "", rest = ""]) => {
    if (/Log$/.test(call)) return ["get pods/log"];
    const [, name] = /^"(\w+)"$/.exec(kind.trim()) ?? [];
    assert.ok(
      name,
      `a kind that is not said in the call cannot be held against the Role: ${whole}`,
    );
    const isEverywhere = OF_CLUSTER.includes(name) || rest.includes('namespace: "*"');
    const place = isEverywhere ? " (cluster)" : "";
    return (VERBS[call] ?? []).map((verb) => `${verb} ${name}${place}`);
  });
}

const granted = (folder: string, components: readonly string[] = []): string[] =>
  render(
    join(K8S, folder),
    components.map((name) => join(K8S, "components", name)),
  )
    .filter(({ kind }) => kind === "Role" || kind === "ClusterRole")
    .flatMap(({ kind, rules }) =>
      (rules as IPolicyRule[]).flatMap(({ resources = [], verbs }) =>
        resources.flatMap((resource) =>
          verbs.map((verb) => `${verb} ${resource}${kind === "ClusterRole" ? " (cluster)" : ""}`),
        ),
      ),
    );

test("every right of the Role is one that the sources ask for, and the other way round", () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !file.startsWith("cluster/"),
  );
  const wanted = files.flatMap((file) => asked(readFileSync(join(SOURCES, file), "utf8")));
  assert.deepEqual(
    granted("base/gpu-dev", ["count-foreign-pods/gpu-dev"]).toSorted(),
    [...new Set(wanted)].toSorted(),
  );
});

test("docs/jobs-operating.md tells the same rights", () => {
  const text = readFileSync(join(K8S, "../docs/jobs-operating.md"), "utf8");
  const rows = [...text.matchAll(/^\| `([\w/]+)`: ([a-z, ]+) \| ([^|]+) \|/gm)];
  const told = rows.flatMap(([, resource = "", verbs = "", place = ""]) =>
    verbs
      .split(", ")
      .map((verb) => `${verb} ${resource}${place.startsWith("the cluster") ? " (cluster)" : ""}`),
  );
  assert.deepEqual(
    told.toSorted(),
    granted("base/gpu-dev", ["count-foreign-pods/gpu-dev"]).toSorted(),
  );
});

test("calls are found however they are written", () => {
  const text = `
    await cluster.create("secrets", manifest);
    deps.cluster.replace(
      "secrets", manifest, uid);
    cluster.follow<"pods">("pods", {}, {});
    cluster.list("pods", { namespace: "*", fields });
    cluster.streamLog(name, {}, signal); cluster.close();`;
  assert.deepEqual(asked(text), [
    "create secrets",
    "update secrets",
    "list pods",
    "watch pods",
    "list pods (cluster)",
    "get pods/log",
  ]);
  assert.throws(() => asked("cluster.remove(kind, name, uid)"), /is not said in the call/);
});
