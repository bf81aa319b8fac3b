/** A fault that somebody writes into a file of k8s/ fails check:manifests, which names object and rule. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { checkAll } from "../src/check-all.ts";
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
    file: "overlays/prod/aux/kustomization.yaml",
    from: /digest: sha256:0+/,
    to: "newTag: latest",
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
    what: "a wildcard in a trust policy",
    file: "iam/aux-trust-irsa.json",
    from: "system:serviceaccount:aux:aux",
    to: "system:serviceaccount:*:*",
    says: /^iam\/aux-trust-irsa\.json: must pin sub/,
  },
];

describe("check:manifests", () => {
  test("finds nothing in what is here, and says where nothing was released yet", async () => {
    const { faults, notes, objects } = await checkAll(K8S);
    assert.deepEqual(faults, []);
    assert.ok(objects > 100, `${objects} objects`);
    for (const note of notes) assert.match(note, /^overlays\/\w+\/[\w-]+: the digest is all zeros/);
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
