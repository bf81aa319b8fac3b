/** `pnpm check`: lint, types, generated files, documents, manifests; `--fix` mends what can be mended. */
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { documentFaults } from "./documents/faults.ts";
import { ROOT, staleFiles } from "./generated/files.ts";

const HELP = `Checks what a reviewer should not have to: lint and format, types, generated files,
documents (whose commands a test runs, and whose links lead somewhere), Kubernetes manifests.

  pnpm check          says what is wrong and exits 1
  pnpm check --fix    formats, and writes the generated files anew
`;

const { values } = parseArgs({
  options: { fix: { type: "boolean", default: false }, help: { type: "boolean", short: "h" } },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}

let failures = 0;

function run(name: string, command: string, args: readonly string[]): void {
  process.stdout.write(`${name}\n`);
  const { status } = spawnSync(command, args, { cwd: ROOT, stdio: "inherit" });
  if (status !== 0) failures++;
}

async function checkGenerated(): Promise<void> {
  process.stdout.write("generated files\n");
  for (const { path, expected } of await staleFiles()) {
    if (values.fix) {
      await writeFile(new URL(path, ROOT), expected);
      process.stdout.write(`  written: ${path}\n`);
    } else {
      failures++;
      process.stdout.write(`  not up to date: ${path}; run pnpm check --fix\n`);
    }
  }
}

async function checkDocuments(): Promise<void> {
  process.stdout.write("documents\n");
  const faults = await documentFaults(fileURLToPath(ROOT));
  for (const fault of faults) process.stdout.write(`  ${fault}\n`);
  if (faults.length > 0) failures++;
}

await checkGenerated();
await checkDocuments();
run("lint", "biome", ["check", ...(values.fix ? ["--write"] : []), "--error-on-warnings", "."]);
run("types", "tsc", ["-p", "tsconfig.check.json"]);
run("manifests", process.execPath, ["packages/manifest-checks/src/check-manifests.ts"]);
run("rendered manifests", process.execPath, [
  "packages/manifest-checks/src/check-render.ts",
  ...(values.fix ? ["--write"] : []),
]);
if (failures > 0) {
  process.stdout.write(`${failures} check(s) failed\n`);
  process.exit(1);
}
process.stdout.write("all checks passed\n");
