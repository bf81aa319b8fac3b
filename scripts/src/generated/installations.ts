/** What AWS is told of an installation: names from its installation.yaml, checked, for packages/infra and the policies of k8s/iam. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Context, contextOf } from "../../../packages/infra/src/context.ts";
import { formatJson } from "../../../packages/infra/src/format-json.ts";
import { iamFiles } from "../../../packages/infra/src/iam-files.ts";
import { readDocuments } from "../../../packages/manifest-checks/src/read-yaml.ts";
import { ENVIRONMENTS } from "../../../packages/manifest-checks/src/world.ts";

const K8S = fileURLToPath(new URL("../../../k8s/", import.meta.url));

/** @param root the folder k8s. @throws Error naming the file and every member of spec.aws that is missing, wrong or unknown. */
export function contextFileOf(
  environment: string,
  root = K8S,
): { readonly text: string; readonly context: Context; readonly apiId: string | undefined } {
  const path = `overlays/${environment}/installation/installation.yaml`;
  const [installation] = readDocuments(join(root, path)) as [
    { spec: { issuer: string; executionApi: string; aws: Record<string, unknown> } },
  ];
  const { issuer, executionApi, aws } = installation.spec;
  // Kubernetes alone knows it
  const { secretsRole: _, ...names } = aws;
  const value = { environment, ...names, oidcIssuer: issuer.replace(/^https:\/\//, "") };
  const [, apiId] = /^https:\/\/([a-z0-9]+)\./.exec(executionApi) ?? [];
  return { text: formatJson(value), context: contextOf(value, path), apiId };
}

/** Paths from the root of the repository, and what each file holds. The policies of k8s/iam are those of dev. */
export function installationFiles(): { path: string; expected: string }[] {
  const dev = contextFileOf("dev");
  return [
    ...ENVIRONMENTS.map((environment) => ({
      path: `packages/infra/environments/${environment}.json`,
      expected: contextFileOf(environment).text,
    })),
    ...iamFiles(dev.context, dev.apiId),
  ];
}
