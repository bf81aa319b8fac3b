/** The workflows: pinned actions, least permissions, one run at a time, nothing to steal on a pull request. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { isMapping, type Mapping } from "../src/objects.ts";
import { parseDocuments } from "../src/read-yaml.ts";
import { IMAGES } from "../src/world.ts";

const FOLDER = join(import.meta.dirname, "../../../.github/workflows");

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly steps: readonly {
    readonly uses?: string;
    readonly run?: string;
    readonly with?: Mapping;
  }[];
}

interface Workflow {
  readonly on: Mapping;
  readonly permissions: unknown;
  readonly concurrency: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

const files = readdirSync(FOLDER).map((file) => {
  const text = readFileSync(join(FOLDER, file), "utf8");
  return { file, text, workflow: parseDocuments(text, file)[0] as Workflow };
});

/** What a job may ask for beyond reading the repository, and for what. */
const GRANTS: Readonly<Record<string, readonly string[]>> = {
  "release.yml images": ["id-token: write"],
  "release.yml pull-request": ["contents: write", "pull-requests: write"],
  "release.yml promote": ["id-token: write"],
};

const PACKAGE_RUNNER = /\b(?:npx|npm|pnpm|corepack|node)\s|\.ci\/run/;
/** As the Dockerfile has it. */
const [, PNPM] =
  /npm install .*pnpm@(\d+\.\d+\.\d+)$/m.exec(
    readFileSync(join(FOLDER, "../../Dockerfile"), "utf8"),
  ) ?? [];

for (const { file, text, workflow } of files) {
  describe(file, () => {
    test("every action is pinned to a commit, with its version beside it", () => {
      const uses = [...text.matchAll(/uses: *(.*)/g)].map(([, value = ""]) => value);
      assert.ok(uses.length > 0);
      for (const line of uses)
        assert.match(line, /^[\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    });

    test("the workflow has no permission, and each job no more than it needs", () => {
      assert.deepEqual(workflow.permissions, {});
      for (const [name, { permissions }] of Object.entries(workflow.jobs)) {
        const asked = Object.entries(permissions ?? {}).map(([key, value]) => `${key}: ${value}`);
        assert.ok(permissions, `${name} takes the default permissions`);
        const extra = asked.filter((grant) => grant !== "contents: read");
        assert.deepEqual(extra, GRANTS[`${file} ${name}`] ?? [], name);
      }
    });

    test("runs of the same thing do not overlap, and a job cannot hang", () => {
      assert.ok(isMapping(workflow.concurrency) && workflow.concurrency.group);
      assert.equal(text.match(/timeout-minutes:/g)?.length, Object.keys(workflow.jobs).length);
    });

    test("a pull request reads no secret, gets no cloud identity and pushes nothing", () => {
      assert.ok(!("pull_request_target" in workflow.on), "runs foreign code with our rights");
      assert.doesNotMatch(text, /secrets\./);
      if (!("pull_request" in workflow.on)) return;
      assert.doesNotMatch(
        text,
        /id-token|configure-aws-credentials|push: true|environment:|github\.token/,
      );
    });

    test("no script is put together from what a stranger may have written", () => {
      const scripts = Object.values(workflow.jobs).flatMap(({ steps }) =>
        steps.map(({ run }) => run ?? ""),
      );
      for (const script of scripts) assert.doesNotMatch(script, /\$\{\{/, script);
    });

    test("a job with a right runs no package, and pnpm is of one exact version", () => {
      for (const [name, { permissions = {}, steps }] of Object.entries(workflow.jobs)) {
        const scripts = steps.map(({ run = "" }) => run).join("\n");
        const runsPackages = PACKAGE_RUNNER.test(scripts);
        const mayWrite = Object.values(permissions).includes("write");
        assert.ok(!(runsPackages && mayWrite), name);
        for (const [, version] of scripts.matchAll(/\bpnpm@(\S+)/g))
          assert.equal(version, PNPM, name);
        for (const [line] of scripts.matchAll(/.*\bpnpm@\S+ install.*/g)) {
          assert.match(line, /--frozen-lockfile --ignore-scripts/);
        }
      }
      assert.ok(
        PACKAGE_RUNNER.test("npx --yes pnpm@12 install"),
        "the check finds what it looks for",
      );
    });

    test("the repository's token is not left behind, except to push the digests", () => {
      for (const [name, { steps }] of Object.entries(workflow.jobs)) {
        const checkout = steps.find(({ uses }) => uses?.startsWith("actions/checkout@"));
        const isKept = checkout !== undefined && checkout.with?.["persist-credentials"] !== false;
        assert.equal(isKept, name === "pull-request", name);
      }
    });
  });
}

test("ci builds each image that the Dockerfile has", () => {
  const dockerfile = readFileSync(join(FOLDER, "../../Dockerfile"), "utf8");
  const [, names = ""] = /^ +([\w|-]+)\) ;; /m.exec(dockerfile) ?? [];
  const { text = "" } = files.find(({ file }) => file === "ci.yml") ?? {};
  const built = [...text.matchAll(/build-args: SERVICE=([\w-]+)$/gm)].map(([, name]) => name);
  assert.deepEqual(built.sort(), [...names.split("|"), "devbox"].sort());
});

test("release: images for both platforms, with provenance, SBOM and signature; a tag builds nothing", () => {
  const release = files.find(({ file }) => file === "release.yml");
  const jobs: Workflow["jobs"] = release?.workflow.jobs ?? {};
  const builds = (jobs.images?.steps ?? []).filter(({ uses }) =>
    uses?.startsWith("docker/build-push-action@"),
  );
  const built = builds.map(({ with: inputs }) =>
    /SERVICE=(\w+)/.exec(String(inputs?.["build-args"])),
  );
  assert.deepEqual(built.map((match) => match?.[1]).sort(), [...IMAGES].sort());
  for (const { with: inputs } of builds) {
    assert.equal(inputs?.platforms, "linux/amd64,linux/arm64");
    assert.equal(inputs?.provenance, "mode=max");
    assert.equal(inputs?.sbom, true);
    assert.match(String(inputs?.["build-args"]), /^NODE_IMAGE=/m);
  }
  const scripts = (name: string) => (jobs[name]?.steps ?? []).map(({ run = "" }) => run).join("\n");
  assert.match(scripts("images"), /cosign sign --yes/);
  for (const name of IMAGES)
    for (const job of ["images", "promote"])
      assert.ok(scripts(job).includes(`airlock-${name}@`), `${job} leaves ${name} out`);
  assert.match(scripts("promote"), /cosign verify/);
  assert.doesNotMatch(JSON.stringify(jobs.promote), /build-push-action/);
  assert.deepEqual([jobs.images?.environment, jobs.promote?.environment], ["release", "release"]);
});
