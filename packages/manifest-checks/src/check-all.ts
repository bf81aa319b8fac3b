/** Everything that check:manifests looks at below one folder. */
import { join } from "node:path";
import { checkArgo, checkDeployed, type Finding } from "./check.ts";
import { checkIam } from "./iam.ts";
import { render } from "./kustomize/render.ts";
import { linesOf } from "./report.ts";
import { unlistedFiles } from "./unlisted.ts";
import { readWorlds, type World, workloads } from "./world.ts";

const ZEROS = `@sha256:${"0".repeat(64)}`;

export interface Result {
  /** One line for each fault. */
  readonly faults: readonly string[];
  /** What is right and still worth knowing. */
  readonly notes: readonly string[];
  readonly objects: number;
}

/** @param root the folder k8s. A file that cannot be read or rendered is a fault like any other. */
export async function checkAll(root: string): Promise<Result> {
  try {
    const worlds = readWorlds(root);
    const found: [string, Finding[]][] = [];
    for (const world of worlds) found.push([world.name, await checkDeployed(world)]);
    const argo = render(join(root, "argocd"));
    found.push(["argocd", await checkArgo(argo)], ["iam", checkIam(join(root, "iam"))]);
    const objects = worlds.reduce((sum, world) => sum + world.objects.length, argo.length);
    return {
      faults: [...unlistedFiles(root), ...linesOf(found)],
      notes: worlds.flatMap(unreleased),
      objects,
    };
  } catch (error) {
    return {
      faults: [error instanceof Error ? error.message : String(error)],
      notes: [],
      objects: 0,
    };
  }
}

/** An overlay with a digest of zeros is right before its first release, and cannot be deployed. */
function unreleased(world: World): string[] {
  if (world.environment === undefined) return [];
  return workloads(world)
    .filter(({ containers }) => containers.some(({ image }) => image?.endsWith(ZEROS)))
    .map(
      ({ service }) =>
        `${world.name}/${service}: the digest is all zeros: nothing has been released yet`,
    );
}
