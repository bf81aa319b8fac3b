/** Who may import whom, read from the sources. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { ROOT } from "./harness.ts";

/** Our own packages that the sources of a folder may import. */
const ALLOWED: Record<string, readonly string[]> = {
  "packages/config": [],
  "packages/contract": [],
  "packages/http": ["config", "contract"],
  "packages/aws": ["config", "contract"],
  "packages/identity": ["config", "contract"],
  "packages/cli": ["contract", "identity"],
  "packages/jobs-store": ["config", "contract"],
  "packages/folder-lock": [],
  "packages/infra": [],
  "packages/local-aws": ["contract", "folder-lock"],
  "packages/local-issuer": [],
  "packages/local-kubernetes": [],
  "packages/local-postgres": [],
  "services/gateway": ["config", "contract", "http", "identity"],
  "services/aux": ["aws", "config", "contract", "http", "identity"],
  "services/jobs": ["config", "contract", "http", "identity", "jobs-store"],
  "services/processor": ["config", "contract", "http", "identity", "jobs-store"],
  acceptance: [],
};

async function importsOf(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const pattern = folder === "acceptance" ? "acceptance/*.ts" : `${folder}/src/**/*.ts`;
  for await (const file of glob(pattern, { cwd: ROOT })) {
    const text = await readFile(`${ROOT}/${file}`, "utf8");
    for (const [, target = ""] of text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)) {
      found.set(target, file);
    }
  }
  return found;
}

for (const [folder, allowed] of Object.entries(ALLOWED)) {
  test(`${folder} imports ${allowed.join(", ") || "nothing"} of ours`, async () => {
    const imports = await importsOf(folder);
    assert.ok(imports.size > 0, "no sources read");
    for (const [target, file] of imports) {
      const own = /^@airlock\/([\w-]+)/.exec(target)?.[1];
      if (own) assert.ok(allowed.includes(own), `${file} imports ${target}`);
      assert.ok(!/\.\.\/(\.\.\/)*(services|packages)\//.test(target), `${file} imports ${target}`);
    }
  });
}

test("the gateway's sources name no AWS package", async () => {
  for (const target of (await importsOf("services/gateway")).keys()) {
    assert.doesNotMatch(target, /aws-sdk|smithy/);
  }
});

test("each folder with test files that share a process has the file that runs them", async () => {
  const without = new Set<string>();
  for await (const file of glob("{packages/*,services/*,scripts,scenarios}/test/*.test.ts", {
    cwd: ROOT,
  })) {
    const folder = dirname(file);
    const isRun = readdirSync(join(ROOT, folder)).some((name) => /^together(-1)?\.ts$/.test(name));
    if (!file.endsWith(".alone.test.ts") && !isRun) without.add(folder);
  }
  assert.deepEqual([...without], []);
});
