/** The policy file while the service runs: swapped as a ConfigMap is, spoilt, mended. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { loadSettings, type SettingsError } from "@airlock/config";
import { canonicalParameterName } from "@airlock/contract";
import { createMetrics } from "@airlock/http";
import { PolicyError } from "../src/policy/parse-policy.ts";
import { openPolicy, openPolicyFile } from "../src/policy/policy-file.ts";
import { policyMetrics } from "../src/policy/policy-metrics.ts";
import { settingsSchema } from "../src/settings.ts";

const policyFor = (id: string) =>
  `version: 1\nrules: [{id: ${id}, callers: ["*"], verbs: [read], parameters: ["**"]}]\n`;

async function openTestFile(t: TestContext, text: string) {
  const folder = await mkdtemp(join(tmpdir(), "policy-"));
  const path = join(folder, "policy.yaml");
  /** As the kubelet does it: a folder for each version, and a link that is swapped at once. */
  const put = async (version: string, content: string) => {
    await mkdir(join(folder, version));
    await writeFile(join(folder, version, "policy.yaml"), content);
    await symlink(version, join(folder, "..new"));
    await rename(join(folder, "..new"), join(folder, "..data"));
  };
  await put("..1", text);
  await symlink("..data/policy.yaml", path);
  const lines: string[] = [];
  const write = (fields: object | string, message = "") =>
    void lines.push([message, JSON.stringify(fields)].join(" "));
  const log = { info: write, warn: write, error: write };
  const file = await openPolicyFile(path, log);
  t.after(async () => {
    file.close();
    await rm(folder, { recursive: true });
  });
  const rule = () =>
    file.current().decide({ caller: undefined, groups: undefined }, "read", {
      kind: "parameter",
      name: canonicalParameterName("a") ?? assert.fail(),
    }).rule;
  return { file, path, put, lines, rule };
}

test("a new policy holds at the next look; a bad one leaves the old in place and is logged once", async (t) => {
  const { file, put, lines, rule } = await openTestFile(t, policyFor("one"));
  const { registry } = createMetrics({ VERSION: "1.2.3", GIT_SHA: "abc" });
  policyMetrics(registry, file);
  const gauge = async () => (await registry.getSingleMetricAsString("airlock_policy_fresh")).at(-1);
  assert.equal(rule(), "one");
  assert.equal(await gauge(), "1");

  await put("..2", policyFor("two"));
  await file.refresh();
  assert.equal(rule(), "two");

  await put("..3", "version: 1\nrules: []\n");
  await file.refresh();
  await file.refresh();
  assert.equal(rule(), "two");
  assert.equal(file.isFresh(), false);
  assert.equal(await gauge(), "0");
  assert.equal(lines.filter((line) => line.includes("line 2: rules: must not be empty")).length, 1);

  await put("..4", policyFor("four"));
  await file.refresh();
  assert.equal(rule(), "four");
  assert.equal(await gauge(), "1");
});

test("the file is looked at by itself, and may go away for a while", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const { file, path, put, rule } = await openTestFile(t, policyFor("one"));
  await put("..2", policyFor("two"));
  t.mock.timers.tick(1000);
  await file.refresh();
  assert.equal(rule(), "two");

  await rename(path, `${path}.away`);
  await file.refresh();
  assert.equal(file.isFresh(), false);
  assert.equal(rule(), "two");
  await rename(`${path}.away`, path);
  await file.refresh();
  assert.equal(file.isFresh(), true);
});

test("a bad file at start is refused with every fault, a missing one with its path", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "policy-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "policy.yaml");
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  await assert.rejects(
    openPolicyFile(path, log),
    new PolicyError([`${path} cannot be read (ENOENT)`]),
  );
  await writeFile(path, "version: 2\nrules: []\n");
  await assert.rejects(
    openPolicyFile(path, log),
    new PolicyError([
      "line 1: version: must be 1; it was the number 2",
      "line 2: rules: must not be empty; it was a list of 0",
    ]),
  );
});

test("the service itself exits with what is wrong, and without a stack", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "policy-"));
  t.after(() => rm(folder, { recursive: true }));
  const ACCESS_POLICY_FILE = join(folder, "policy.yaml");
  await writeFile(ACCESS_POLICY_FILE, "version: 2\nrules: []\n");
  const main = join(import.meta.dirname, "../src/main.ts");
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const { status, stderr } = spawnSync(process.execPath, ["--conditions=airlock-source", main], {
    encoding: "utf8",
    env: { PATH, NODE_COMPILE_CACHE, ENVIRONMENT: "dev", ACCESS_POLICY_FILE },
  });
  assert.equal(status, 1, stderr);
  assert.equal(
    stderr,
    "ACCESS_POLICY_FILE cannot be used:\nline 1: version: must be 1; it was the number 2\nline 2: rules: must not be empty; it was a list of 0\n",
  );
});

test("without a file dev lets everybody read and says so; qa and prod do not start", async () => {
  const said: string[] = [];
  const warn = (message: string) => void said.push(message);
  const file = await openPolicy(undefined, { info: () => {}, warn, error: () => {} });
  assert.deepEqual(said, ["ACCESS_POLICY_FILE is not set: everybody may read everything"]);
  assert.equal(file.isFresh(), true);

  const base = { LAYER_AUTH_MODE: "off" };
  loadSettings(settingsSchema, { ...base, ENVIRONMENT: "dev" });
  for (const ENVIRONMENT of ["qa", "prod", undefined]) {
    loadSettings(settingsSchema, { ...base, ENVIRONMENT, ACCESS_POLICY_FILE: "/policy.yaml" });
    assert.throws(
      () => loadSettings(settingsSchema, { ...base, ENVIRONMENT }),
      (error: SettingsError) =>
        /^ACCESS_POLICY_FILE: must be set outside dev/.test(error.problems[0] ?? ""),
    );
  }
});
