/** Runs the blocks of all documents beside a `start`, as somebody would who pastes them into a shell. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdir, readdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { parseDocuments } from "../../packages/manifest-checks/src/read-yaml.ts";
import { blocksOf } from "../src/documents/blocks.ts";
import { documentsOf } from "../src/documents/faults.ts";
import { isAsSaid, preludeOf, resultsOf, scriptOf, stepsOf } from "./document-steps.ts";
import { NODE_COMPILE_CACHE, ROOT, type Run } from "./harness.ts";

/** @param data the folder that the run keeps things in; @returns how many documents had something to run. */
export async function runDocuments(running: Run, data: string): Promise<number> {
  const folder = join(data, "documents");
  await mkdir(join(folder, "home"), { recursive: true });
  for (const name of await readdir(ROOT))
    if (!name.startsWith(".")) await symlink(join(ROOT, name), join(folder, name));
  await symlink(data, join(folder, ".airlock"));
  const documents = await documentsOf(ROOT);
  const ran = await Promise.all(documents.map((path) => runDocument(path, folder, running)));
  await runInitContainer(running, folder);
  return ran.filter((steps) => steps > 0).length;
}

/** @returns how many steps it has. */
async function runDocument(path: string, folder: string, running: Run): Promise<number> {
  const steps = stepsOf(blocksOf(await readFile(join(ROOT, path), "utf8")));
  if (steps.length === 0) return 0;
  const { scripts } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const shell = spawn("sh", ["-c", preludeOf(scripts) + here(scriptOf(steps), running)], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: join(folder, "home"), NODE_COMPILE_CACHE },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [output, errors] = await Promise.all([text(shell.stdout), text(shell.stderr)]);
  const results = resultsOf(output);
  for (const [index, { commands, prints }] of steps.entries()) {
    const { text: printed, code } = results[index] ?? { text: "", code: "it never ran" };
    const told = `${path}: ${commands}${printed}\n${errors}`;
    assert.equal(code, "0", told);
    if (prints !== undefined) assert.ok(isAsSaid(printed, prints), told);
  }
  return steps.length;
}

/** On the ports of this run. */
function here(script: string, { ports }: Run): string {
  const moved: Record<string, string | undefined> = {
    4566: ports.LOCAL_AWS_PORT,
    8000: ports.JOBS_PORT,
    8080: ports.GATEWAY_PORT,
    8081: ports.AUX_PORT,
  };
  return script.replaceAll(/localhost:(\d+)/g, (all, port) =>
    moved[port] ? `localhost:${moved[port]}` : all,
  );
}

/** The init container of README.md, by its own words. */
async function runInitContainer(running: Run, folder: string): Promise<void> {
  const page = await readFile(join(ROOT, "README.md"), "utf8");
  const [container] = blocksOf(page).filter(({ language }) => language === "yaml");
  const [{ initContainers }] = parseDocuments(container?.text ?? "", "README.md") as [
    { initContainers: { args: string[] }[] },
  ];
  const file = join(folder, "greeting");
  const args = (initContainers[0]?.args ?? []).map((word) =>
    word
      .replace("/settings/greeting", file)
      .replace("http://gateway.gateway.svc.cluster.local", running.gateway),
  );
  await promisify(execFile)("curl", args);
  assert.equal(await readFile(file, "utf8"), "hello");
}
