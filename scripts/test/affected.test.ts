/** A change restarts the processes that are made of it: no others, and none too few. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readOptions, type StartOptions } from "../src/start/options.ts";
import { planProcesses } from "../src/start/plan.ts";
import { readPorts } from "../src/start/ports.ts";
import { affectedBy } from "../src/start/watch/affected.ts";
import { ROOT } from "./harness.ts";

const SPECS = planProcesses(readOptions([]) as StartOptions, { ports: readPorts({}), shell: {} });

for (const [file, names] of [
  ["services/gateway/src/app.ts", ["gateway"]],
  ["services/aux/src/policy/policy.ts", ["aux"]],
  ["packages/aws/src/aws.ts", ["aux"]],
  ["packages/jobs-store/src/store.ts", ["processor", "jobs"]],
  ["packages/jobs-store/migrations/001_users_and_keys.sql", ["processor", "jobs"]],
  ["packages/local-aws/src/seed.ts", ["local-aws"]],
  ["services/processor/src/app.ts", ["processor"]],
  ["packages/local-kubernetes/src/nodes.ts", ["local-kubernetes"]],
  ["packages/http/src/server.ts", ["processor", "aux", "jobs", "gateway"]],
  ["packages/http/package.json", ["processor", "aux", "jobs", "gateway"]],
  ["packages/config/src/fields.ts", ["processor", "aux", "jobs", "gateway"]],
  ["packages/contract/src/bodies.ts", ["processor", "aux", "jobs", "gateway"]],
  ["packages/manifest-checks/src/iam.ts", []],
  ["services/gateway/openapi.json", []],
  ["services/gateway/test/harness.ts", []],
  ["scripts/src/check.ts", []],
] as const) {
  test(`${file} restarts ${names.join(", ") || "nothing"}`, async () => {
    const affected = await affectedBy(ROOT, SPECS, [file]);
    assert.deepEqual(affected.names, names);
    assert.deepEqual(affected.files, names.length > 0 ? [file] : []);
    assert.deepEqual(affected.ofRun, []);
  });
}

for (const file of [
  "scripts/src/start.ts",
  "scripts/src/start/plan.ts",
  "packages/local-postgres/src/folders.ts",
]) {
  test(`${file} is of the run itself`, async () => {
    const affected = await affectedBy(ROOT, SPECS, [file]);
    assert.deepEqual([affected.names, affected.ofRun], [[], [file]]);
  });
}

/** The files that an entry loads, by its import and export lines. */
async function loadedBy(entry: string): Promise<Set<string>> {
  const found = new Set([join(ROOT, entry)]);
  for (const file of found) {
    const text = await readFile(file, "utf8");
    for (const [, target = ""] of text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)) {
      if (target.startsWith(".")) found.add(resolve(dirname(file), target));
      else if (target.startsWith("@airlock/")) found.add(sourceOf(target));
    }
  }
  return found;
}

/** As the condition airlock-source, with which this test runs too, resolves it. */
const sourceOf = (target: string) => fileURLToPath(import.meta.resolve(target));

for (const { name, entry } of SPECS) {
  test(`whatever file ${name} loads, its change restarts ${name}`, async () => {
    const loaded = [...(await loadedBy(entry))].map((file) => relative(ROOT, file));
    assert.ok(loaded.length > 20, `${loaded.length} files`);
    for (const file of loaded) {
      const { names } = await affectedBy(ROOT, SPECS, [file]);
      assert.ok(names.includes(name), file);
    }
  });
}
