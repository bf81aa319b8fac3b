/** `pnpm infra`: the AWS side of Airlock as CloudFormation templates, made and checked without AWS. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ENVIRONMENTS_FOLDER } from "./context.ts";

const INFRA = join(import.meta.dirname, "..");
const HELP = `The AWS side of Airlock as code. No command here talks to AWS.

  pnpm infra synth [ENVIRONMENT]           writes packages/infra/cdk.out, for \`cdk deploy --app\`
  pnpm infra diff [ENVIRONMENT] [--update] compares with packages/infra/golden, or writes it
  pnpm infra check [ENVIRONMENT]           types, tests, the policy against an oracle, and diff

ENVIRONMENT is a file of packages/infra/environments, without .json; dev if none is named.
The first use installs CDK, about 250 MB, from the lockfile of packages/infra.
`;

const COMMANDS = ["synth", "diff", "check"];

/** @returns the exit code. */
function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: "boolean", short: "h" }, update: { type: "boolean" } },
  });
  const [command, environment = "dev", ...more] = positionals;
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const known = readdirSync(ENVIRONMENTS_FOLDER).map((file) => file.replace(/\.json$/, ""));
  const isAsked = command !== undefined && COMMANDS.includes(command) && more.length === 0;
  if (!isAsked || (values.update && command !== "diff")) return fail(HELP);
  if (!known.includes(environment))
    return fail(`no environment ${environment}; there are: ${known.join(", ")}\n`);
  if (!hasDependencies() && !install()) return fail("the dependencies could not be installed\n");
  const script = join(INFRA, "cdk/main.ts");
  const args = [script, command, environment, ...(values.update ? ["--update"] : [])];
  return spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
}

function fail(text: string): number {
  process.stderr.write(text);
  return 2;
}

/** Whether what is installed is what package.json asks for. */
function hasDependencies(): boolean {
  const { devDependencies } = readJson("package.json") as {
    devDependencies: Record<string, string>;
  };
  return Object.entries(devDependencies).every(([name, wanted]) => {
    try {
      const { version } = readJson(`node_modules/${name}/package.json`) as { version: string };
      return wanted.endsWith(".x") ? version.startsWith(wanted.slice(0, -1)) : version === wanted;
    } catch {
      return false;
    }
  });
}

function install(): boolean {
  process.stdout.write("Installing the dependencies of packages/infra (first use only)…\n");
  spawnSync("npx", ["--yes", "--prefer-offline", "pnpm@12", "install", "--frozen-lockfile"], {
    cwd: INFRA,
    stdio: ["ignore", "inherit", "inherit"],
  });
  return hasDependencies();
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(join(INFRA, path), "utf8"));

try {
  process.exitCode = main();
} catch (error) {
  // a mistyped option
  process.exitCode = fail(`${(error as Error).message}\n${HELP}`);
}
