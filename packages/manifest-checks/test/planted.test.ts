/** A fault that somebody writes into a file of k8s/ fails check:manifests, which names object and rule. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { contextFileOf } from "../../../scripts/src/generated/installations.ts";
import { iamFiles } from "../../infra/src/iam-files.ts";
import { checkAll } from "../src/check-all.ts";
import { render } from "../src/kustomize/render.ts";
import { placeholdersIn } from "../src/placeholders.ts";
import { ENVIRONMENTS, OPTIONAL_COMPONENTS, withInstallation } from "../src/world.ts";
import { K8S } from "./faults.ts";

interface Plant {
  readonly what: string;
  readonly file: string;
  readonly from: string | RegExp;
  readonly to: string;
  readonly says: RegExp;
}

const DEPLOYMENT = "base/aux/deployment.yaml";
const PLANTS: readonly Plant[] = [
  {
    what: 'replicas: "2"',
    file: DEPLOYMENT,
    from: "spec:\n",
    to: 'spec:\n  replicas: "2"\n',
    says: /^Deployment aux\/aux: .*replicas.*\[schema\]/,
  },
  {
    what: "an unknown field replicaz",
    file: DEPLOYMENT,
    from: "spec:\n",
    to: "spec:\n  replicaz: 2\n",
    says: /^Deployment aux\/aux: .*spec\.replicaz.*\[schema\]/,
  },
  {
    what: "the latest tag in the base",
    file: DEPLOYMENT,
    from: /@sha256:0+/,
    to: ":latest",
    says: /^Deployment aux\/aux: .*\[image-digest: kube-linter latest-tag\]/,
  },
  {
    what: "the latest tag in an overlay",
    file: "overlays/prod/installation/installation.yaml",
    from: /( aux: \S+)@sha256:\w+/,
    to: "$1:latest",
    says: /^Deployment aux\/aux: .*\[image-digest/,
  },
  {
    what: "a missing NetworkPolicy",
    file: "base/aux/kustomization.yaml",
    from: "  - network-policy.yaml\n",
    to: "",
    says: /^Namespace aux: .*\[default-deny: kube-score pod-networkpolicy\]/,
  },
  {
    what: "a kind that its project of Argo CD does not allow",
    file: "argocd/prod/project.yaml",
    from: "    - group: policy\n      kind: PodDisruptionBudget\n",
    to: "",
    says: /^PodDisruptionBudget aux\/aux: must be allowed by airlock-prod: list policy PodDisruptionBudget .*\[allowed-kind\]/,
  },
  {
    what: "a manifest that no kustomization lists",
    file: "base/aux/kustomization.yaml",
    from: "  - pod-disruption-budget.yaml\n",
    to: "",
    says: /^base\/aux\/pod-disruption-budget\.yaml: is listed in no kustomization\.yaml/,
  },
  {
    what: "a writable root",
    file: DEPLOYMENT,
    from: "readOnlyRootFilesystem: true",
    to: "readOnlyRootFilesystem: false",
    says: /^Deployment aux\/aux: .*\[read-only-root: kube-linter no-read-only-root-fs\]/,
  },
  {
    what: "equal probes",
    file: DEPLOYMENT,
    from: "/readyz",
    to: "/livez",
    says: /^Deployment aux\/aux: .*\[different-probes: kube-score pod-probes-identical\]/,
  },
  {
    what: "a secret as a literal",
    file: DEPLOYMENT,
    from: "env:\n",
    to: "env:\n            - name: AWS_SECRET_ACCESS_KEY\n              value: planted\n",
    says: /^Deployment aux\/aux: .*AWS_SECRET_ACCESS_KEY.*\[env-secret: kube-linter env-var-secret\]/,
  },
  {
    what: "a container without limits",
    file: DEPLOYMENT,
    from: / *limits:\n(?: {14}.*\n)+/,
    to: "",
    says: /^Deployment aux\/aux: .*resources\.limits.*\[resources: kube-linter unset-cpu-requirements\]/,
  },
  {
    what: "a key that is there twice",
    file: DEPLOYMENT,
    from: "spec:\n",
    to: "spec:\n  minReadySeconds: 9\n",
    says: /deployment\.yaml: Map keys must be unique/,
  },
  {
    what: "a remote base",
    file: "overlays/prod/kustomization.yaml",
    from: "- aux",
    to: "- https://example.com/aux?ref=main",
    says: /must be a path inside this repository/,
  },
  {
    what: "a patch of an object that is not there",
    file: "overlays/prod/aux/kustomization.yaml",
    from: "name: aux\n    patch",
    to: "name: auxx\n    patch",
    says: /no object for the patch of Deployment auxx/,
  },
  {
    what: "a value that an installation no longer has",
    file: "overlays/prod/installation/installation.yaml",
    from: /^ {2}issuer: .*\n/m,
    to: "",
    says: /values\/kustomization\.yaml: Installation has no spec\.issuer/,
  },
  {
    what: "a place that nothing can be copied to",
    file: DEPLOYMENT,
    from: /^ +- name: LAYER_AUTH_ISSUER\n.*\n/m,
    to: "",
    says: /values\/kustomization\.yaml: Deployment aux has no .*LAYER_AUTH_ISSUER/,
  },
  {
    what: "a wildcard in a trust policy",
    file: "iam/aux-trust-irsa.json",
    from: "system:serviceaccount:aux:aux",
    to: "system:serviceaccount:*:*",
    says: /^iam\/aux-trust-irsa\.json: must pin sub/,
  },
];

describe("check:manifests", () => {
  test("finds nothing in what is here", async () => {
    const { faults, objects } = await checkAll(K8S);
    assert.deepEqual(faults, []);
    assert.ok(objects > 100, `${objects} objects`);
  });

  const copy = mkdtempSync(join(tmpdir(), "manifests-"));
  cpSync(K8S, copy, { recursive: true });
  after(() => rmSync(copy, { recursive: true }));

  for (const { what, file, from, to, says } of PLANTS) {
    test(`finds ${what}`, async () => {
      const text = readFileSync(join(copy, file), "utf8");
      try {
        const changed = text.replace(from, to);
        assert.notEqual(changed, text, "the fault was not planted");
        writeFileSync(join(copy, file), changed);
        const { faults } = await checkAll(copy);
        assert.ok(
          faults.some((line) => says.test(line)),
          faults.join("\n") || "no fault found",
        );
      } finally {
        writeFileSync(join(copy, file), text);
      }
    });
  }
});

/** Another name, account, region, network and hosts, in the one file of an environment. */
const CHOICES: readonly (readonly [example: string | RegExp, own: string])[] = [
  ["owner: platform", "owner: shop"],
  ["example.com", "acme.io"],
  ["github.com/example/airlock", "git.acme.io/shop/airlock"],
  ["repo:example/airlock", "repo:shop/airlock"],
  ["111122223333", "444455556666"],
  ["eu-west-1", "eu-central-1"],
  [/airlock-(?=data|logs)/g, "shop-"],
  [/EXAMPLE\w+/g, "0D539D4633E53DE1B71E"],
  ["00000000-0000-0000-0000-000000000000", "0f7e1e67-eb30-4433-b273-a84fd69eb571"],
  [/sha256:0{64}/g, `sha256:${"a1".repeat(32)}`],
  ["a1b2c3d4e5", "z9y8x7w6v5"],
  ["192.0.2.", "10.20.30."],
  ["203.0.113.", "198.19.0."],
];

/** By the member that each stands in. */
const EXAMPLES = {
  email: "platform@example.com",
  host: "airlock.prod.example.com",
  allowedAwsAccounts: '"111122223333"',
  issuer: "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLEPROD",
  gateway: `ecr.acme.io/airlock-gateway@sha256:${"0".repeat(64)}`,
  objects: "[airlock-data-prod/**]",
  cidr: "192.0.2.64/26",
  trustProxy: "192.0.2.64/26",
} as const;
const FOUND = [
  "platform@example.com",
  "airlock.prod.example.com",
  "111122223333",
  "/EXAMPLEPROD",
  `sha256:${"0".repeat(64)}`,
  "airlock-data-prod",
  "192.0.2.64/26",
];

describe("an installation", () => {
  const copy = mkdtempSync(join(tmpdir(), "installation-"));
  cpSync(K8S, copy, { recursive: true });
  after(() => rmSync(copy, { recursive: true }));

  test("chooses all that is its own in one file an environment: no example is left, and every rule holds", async () => {
    for (const environment of ENVIRONMENTS) {
      const file = join(copy, "overlays", environment, "installation/installation.yaml");
      const text = readFileSync(file, "utf8");
      writeFileSync(
        file,
        CHOICES.reduce((chosen, [example, own]) => chosen.replaceAll(example, own), text),
      );
    }
    const { context, apiId } = contextFileOf("dev", copy);
    for (const { path, expected } of iamFiles(context, apiId)) {
      if (path.startsWith("k8s/iam/"))
        writeFileSync(join(copy, path.slice("k8s/".length)), expected);
      const policy = { apiVersion: "v1", kind: path, metadata: { name: "" }, spec: expected };
      if (path.startsWith("k8s/iam/")) assert.deepEqual([...placeholdersIn([policy])], [], path);
    }
    const { faults, notes } = await checkAll(copy, { isForRelease: true });
    assert.deepEqual({ faults, notes }, { faults: [], notes: [] });
    for (const componentsOf of OPTIONAL_COMPONENTS) {
      for (const [folder, components] of Object.entries(componentsOf)) {
        const added = withInstallation(copy, components, "prod");
        const objects = render(join(copy, "base", folder), added);
        assert.deepEqual([...placeholdersIn(objects)], [], components.join(" + "));
      }
    }
  });

  test("is told of each example that is left, as a note, and for a release as a fault", async () => {
    const file = join(copy, "overlays/prod/installation/installation.yaml");
    const chosen = readFileSync(file, "utf8");
    const planted = Object.entries(EXAMPLES).reduce(
      (text, [member, example]) =>
        text.replaceAll(new RegExp(`^( +${member}: ).*$`, "gm"), `$1${example}`),
      chosen,
    );
    writeFileSync(file, planted);
    const { faults, notes } = await checkAll(copy);
    assert.deepEqual(faults, []);
    assert.deepEqual(
      notes.map((note) => note.split(":")[0]),
      ["overlays/prod", "argocd"],
    );
    const release = await checkAll(copy, { isForRelease: true });
    for (const example of FOUND) {
      assert.ok(notes[0]?.includes(example), `${example}: ${notes[0]}`);
      const line = `overlays/prod: ${example} is an example still, in `;
      assert.ok(
        release.faults.some((fault) => fault.startsWith(line)),
        release.faults.join("\n"),
      );
    }
    writeFileSync(file, chosen);
  });

  test("may replace example.com everywhere, in the names of annotations and labels too", async () => {
    for (const file of readdirSync(copy, { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".yaml")) continue;
      const text = readFileSync(join(copy, file), "utf8");
      writeFileSync(join(copy, file), text.replaceAll("example.com", "acme.io"));
    }
    assert.deepEqual((await checkAll(copy)).faults, []);
  });
});
