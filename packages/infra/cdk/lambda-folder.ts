/** Puts together what becomes the Lambda: aux's bundle, made anew, and the access policy of the environment. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { render } from "../../manifest-checks/src/kustomize/render.ts";

const ROOT = join(import.meta.dirname, "../../..");
const POLICY = "access-policy.yaml";

/**
 * @param environment an overlay of k8s/.
 * @returns the folder. @throws Error if aux cannot be bundled, or the overlay has no policy.
 */
export function lambdaFolder(environment: string): string {
  const folder = join(import.meta.dirname, "../dist/lambda", environment);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  bundleAux();
  cpSync(join(ROOT, "services/aux/dist-lambda/lambda.mjs"), join(folder, "lambda.mjs"));
  writeFileSync(join(folder, POLICY), accessPolicy(environment));
  return folder;
}

function bundleAux(): void {
  const script = join(ROOT, "services/aux/src/lambda/make-bundle.ts");
  const stdio = ["ignore", "ignore", "inherit"] as const;
  const { status } = spawnSync(process.execPath, [script], { cwd: ROOT, stdio: [...stdio] });
  if (status !== 0) throw new Error("aux could not be bundled");
}

/** The one that aux' pods have: either route lets the same callers read the same things. */
function accessPolicy(environment: string): string {
  const objects = render(join(ROOT, "k8s/overlays", environment, "aux"));
  const map = objects.find(({ metadata }) => metadata.name === "aux-access-policy");
  const data = (map as { data?: Record<string, string> } | undefined)?.data;
  const text = data?.[POLICY];
  if (text === undefined) throw new Error(`overlays/${environment}/aux has no ${POLICY}`);
  return text;
}
