/** What `pnpm infra` does once its dependencies are there: synth, diff and check. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { type Context, readContext } from "../src/context.ts";
import { formatJson } from "../src/format-json.ts";
import { synthesise } from "./app.ts";
import { differences } from "./differences.ts";
import { lambdaFolder } from "./lambda-folder.ts";
import { namesFor } from "./names.ts";
import { goldenFile, goldenOf, templateOf, writeGolden } from "./templates.ts";

const INFRA = join(import.meta.dirname, "..");
const say = (line: string) => process.stdout.write(`${line}\n`);
const stacksOf = (context: Context) => {
  const { images, roles, execution } = namesFor(context);
  return [images, roles, execution];
};

function synth(context: Context): number {
  const outdir = join(INFRA, "cdk.out");
  rmSync(outdir, { recursive: true, force: true });
  synthesise(context, lambdaFolder(context.environment), outdir);
  for (const name of stacksOf(context))
    say(`written: ${relative(process.cwd(), join(outdir, `${name}.template.json`))}`);
  return 0;
}

/** Whatever is in cdk.out stays as it is. */
function diff(context: Context, isUpdating: boolean): number {
  const outdir = mkdtempSync(join(tmpdir(), "airlock-infra-"));
  try {
    synthesise(context, lambdaFolder(context.environment), outdir);
    const lines = stacksOf(context).flatMap((name) => {
      const template = templateOf(outdir, name);
      if (isUpdating) writeGolden(name, formatJson(template));
      const found = differences(goldenOf(name), template);
      return found.length === 0 ? [] : [`${name}:`, ...found.map((line) => `  ${line}`)];
    });
    for (const line of lines) say(line);
    if (lines.length === 0) say(`${context.environment}: as the golden templates`);
    else say("look at the differences, then: pnpm infra diff --update");
    return lines.length === 0 ? 0 : 1;
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

function check(context: Context): number {
  const run = (name: string, args: readonly string[]) => {
    say(name);
    return spawnSync(process.execPath, args, { cwd: INFRA, stdio: "inherit" }).status === 0;
  };
  const tests = ["--test", "--test-concurrency=2", "cdk/test/*.test.ts"];
  const results = [
    run("types", [join(INFRA, "node_modules/typescript/bin/tsc"), "-p", "cdk/tsconfig.json"]),
    run("tests", ["--conditions=airlock-source", ...tests]),
  ];
  if (existsSync(goldenFile(namesFor(context).execution))) {
    say("golden templates");
    results.push(diff(context, false) === 0);
  }
  return results.every(Boolean) ? 0 : 1;
}

const [command = "", environment = "dev", ...options] = process.argv.slice(2);
try {
  const context = readContext(environment);
  if (command === "synth") process.exitCode = synth(context);
  else if (command === "diff") process.exitCode = diff(context, options.includes("--update"));
  else process.exitCode = check(context);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
