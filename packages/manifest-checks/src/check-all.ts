/** Everything that check:manifests looks at below one folder. */
import { join } from "node:path";
import { checkArgo, checkDeployed, type Finding } from "./check.ts";
import { checkIam } from "./iam.ts";
import { render } from "./kustomize/render.ts";
import type { K8sObject } from "./objects.ts";
import { placeholdersIn } from "./placeholders.ts";
import { projectFindings } from "./project-kinds.ts";
import { linesOf } from "./report.ts";
import { unlistedFiles } from "./unlisted.ts";
import { readWorlds } from "./world.ts";

export interface Result {
  /** One line for each fault. */
  readonly faults: readonly string[];
  /** What is right and still worth knowing. */
  readonly notes: readonly string[];
  readonly objects: number;
}

export interface Options {
  /** Whether what is an example still is a fault: it cannot be deployed. */
  readonly isForRelease?: boolean;
}

/** @param root the folder k8s. A file that cannot be read or rendered is a fault like any other. */
export async function checkAll(root: string, { isForRelease }: Options = {}): Promise<Result> {
  try {
    const worlds = readWorlds(root);
    const found: [string, Finding[]][] = [];
    for (const world of worlds) found.push([world.name, await checkDeployed(world)]);
    const argo = render(join(root, "argocd"));
    found.push(["argocd", [...(await checkArgo(argo)), ...projectFindings(root, argo)]]);
    found.push(["iam", checkIam(join(root, "iam"))]);
    const objects = worlds.reduce((sum, world) => sum + world.objects.length, argo.length);
    const examples = [
      ...worlds.flatMap(({ name, environment, objects }) =>
        environment ? examplesIn(objects, name, `overlays/${environment}`) : [],
      ),
      ...examplesIn(argo, "argocd", "overlays/*"),
    ];
    const faults = [...unlistedFiles(root), ...linesOf(found)];
    return isForRelease
      ? { faults: [...faults, ...examples.flatMap(({ lines }) => lines)], notes: [], objects }
      : { faults, notes: examples.map(({ note }) => note), objects };
  } catch (error) {
    return {
      faults: [error instanceof Error ? error.message : String(error)],
      notes: [],
      objects: 0,
    };
  }
}

/** Right before the first release, where nobody has chosen yet; it cannot be deployed. */
function examplesIn(objects: readonly K8sObject[], name: string, folder: string) {
  const found = [...placeholdersIn(objects)];
  if (found.length === 0) return [];
  const where = `choose in ${folder}/installation/installation.yaml`;
  return [
    {
      lines: found.map(
        ([example, object]) => `${name}: ${example} is an example still, in ${object}: ${where}`,
      ),
      note: `${name}: ${found.length} values are examples still: ${where}: ${found.map(([example]) => example).join(", ")}`,
    },
  ];
}
