/** Packs gpu-dev and installs it into an empty folder, without a network. */
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../generated/files.ts";

const run = promisify(execFile);

/** @returns the installed program; undefined where there is no npm. @throws when it cannot be installed. */
export async function installPackage(
  folder: string,
  say: (text: string) => void,
): Promise<string | undefined> {
  try {
    await run("npm", ["--version"]);
  } catch {
    say("not run: npm absent");
    return undefined;
  }
  const cwd = new URL("packages/cli/", ROOT);
  const packed = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd });
  const [{ filename, size }] = JSON.parse(packed.stdout.slice(packed.stdout.indexOf("[")));
  // nowhere to ask, and nothing kept from before
  const nowhere = [
    "--offline",
    "--cache",
    join(folder, "cache"),
    "--registry",
    "http://127.0.0.1:9",
  ];
  const quiet = ["--no-audit", "--no-fund", "--prefix", folder];
  await run("npm", ["install", ...nowhere, ...quiet, join(folder, filename)], { cwd: folder });
  const program = join(folder, "node_modules/@airlock/cli/dist/gpu-dev.cjs");
  const { stdout } = await run(process.execPath, [program, "version"]);
  const bytes = (await stat(program)).size;
  say(`${filename}, ${kilobytes(size)}: installed without a network; ${stdout.trim()}`);
  say(`gpu-dev.cjs: ${kilobytes(bytes)} of 3000 kB`);
  if (bytes > 3_000_000) throw new Error("the bundle is too large");
  return program;
}

const kilobytes = (bytes: number): string => `${Math.round(bytes / 1000)} kB`;
