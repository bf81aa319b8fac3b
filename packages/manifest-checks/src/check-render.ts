/**
 * `check:render`: what kubectl makes of each overlay equals its golden file and our own rendering,
 * and passes the rules. With --write the golden files are made anew. Needs kubectl.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { checkArgo, checkDeployed } from "./check.ts";
import { render } from "./kustomize/render.ts";
import { asObject, identityOf, type K8sObject, nameOf } from "./objects.ts";
import { parseDocuments } from "./read-yaml.ts";
import { linesOf } from "./report.ts";
import { ENVIRONMENTS, OPTIONAL_COMPONENTS, withInstallation } from "./world.ts";

const root = join(import.meta.dirname, "../../../k8s");

if (spawnSync("kubectl", ["version", "--client"]).error)
  console.log("check:render: not run: kubectl absent");
else process.exitCode = await main(process.argv.includes("--write"));

async function main(write: boolean): Promise<number> {
  const faults: string[] = [];
  const folders = [...ENVIRONMENTS.map((name) => `overlays/${name}`), "argocd"];
  for (const folder of folders) {
    const name = folder.split("/").at(-1) ?? folder;
    const golden = join(root, "golden", `${name}.yaml`);
    const { text, warnings } = kubectlKustomize(join(root, folder));
    if (warnings) faults.push(`${folder}: kubectl warns: ${warnings}`);
    if (write) {
      mkdirSync(join(root, "golden"), { recursive: true });
      writeFileSync(golden, text);
    } else if (text !== readFileSync(golden, "utf8")) {
      faults.push(
        `${folder}: differs from k8s/golden/${name}.yaml; look at the difference, then run check:render --write`,
      );
    }
    const objects = parseDocuments(text, folder).map((value) => asObject(value, folder));
    faults.push(...differences(folder, objects, render(join(root, folder))));
    const environment = ENVIRONMENTS.find((one) => one === name);
    const findings = environment
      ? await checkDeployed({ name: folder, environment, objects })
      : await checkArgo(objects);
    faults.push(...linesOf([[folder, findings]]));
  }
  const optional = OPTIONAL_COMPONENTS.flatMap((one) => Object.entries(one));
  faults.push(...optional.flatMap(([name, components]) => optionalFaults(name, components)));
  for (const fault of faults) console.log(fault);
  const count = folders.length + optional.length;
  console.log(`check:render: ${count} renderings, ${faults.length} faults`);
  return faults.length > 0 ? 1 : 0;
}

/** Components that no overlay uses have no golden file; both renderings must still agree. */
function optionalFaults(baseName: string, names: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "render-"));
  try {
    const base = join(root, "base", baseName);
    const components = withInstallation(root, names);
    const here = (path: string) => relative(folder, path);
    const source = { resources: [here(base)], components: components.map(here) };
    writeFileSync(join(folder, "kustomization.yaml"), JSON.stringify(source));
    const objects = parseDocuments(kubectlKustomize(folder).text, folder);
    const name = `base/${baseName} + ${names.join(" + ")}`;
    return differences(
      name,
      objects.map((value) => asObject(value, name)),
      render(base, components),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function kubectlKustomize(folder: string): { text: string; warnings: string } {
  const { stdout, stderr, status } = spawnSync("kubectl", ["kustomize", folder], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`kubectl kustomize ${folder} failed: ${stderr}`);
  return { text: stdout, warnings: stderr.trim() };
}

/** Objects that kubectl and check:manifests see differently would be checked in vain. */
function differences(
  folder: string,
  theirs: readonly K8sObject[],
  ours: readonly K8sObject[],
): string[] {
  const known = new Map(ours.map((object) => [identityOf(object), object]));
  const stray = theirs.filter(
    (object) => !isDeepStrictEqual(object, known.get(identityOf(object))),
  );
  const lines = stray.map(
    (object) => `${folder}: ${nameOf(object)} is not what check:manifests renders`,
  );
  return theirs.length === ours.length
    ? lines
    : [...lines, `${folder}: ${theirs.length} objects, not ${ours.length}`];
}
