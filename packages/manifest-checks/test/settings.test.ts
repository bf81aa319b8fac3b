/** What the manifests put into a container's environment is what the service starts with. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { settingsSchema as aux } from "../../../services/aux/src/settings.ts";
import { settingsSchema as gateway } from "../../../services/gateway/src/settings.ts";
import { loadSettings } from "../../config/src/settings.ts";
import { render } from "../src/kustomize/render.ts";
import { ENVIRONMENTS, workloads } from "../src/world.ts";
import { K8S } from "./faults.ts";

const SCHEMAS = { gateway, aux };
/** Read by Node and by the AWS SDK, not by our settings. */
const OTHERS = new Set(["NODE_OPTIONS", "AWS_SHARED_CREDENTIALS_FILE"]);

function environmentOf(folder: string, components: readonly string[] = []): Record<string, string> {
  const objects = render(
    join(K8S, folder),
    components.map((name) => join(K8S, "components", name)),
  );
  const [workload] = workloads({ name: folder, environment: undefined, objects });
  const variables = workload?.containers.flatMap(({ env = [] }) => env) ?? [];
  return Object.fromEntries(variables.map(({ name, value = "" }) => [name, value]));
}

describe("every environment's settings are valid, and none is misspelt", () => {
  for (const environment of ENVIRONMENTS) {
    for (const service of ["gateway", "aux"] as const) {
      test(`${environment}/${service}`, () => {
        const env = environmentOf(`overlays/${environment}/${service}`);
        const settings: Record<string, unknown> = loadSettings(SCHEMAS[service], env);
        assert.equal(settings.ENVIRONMENT, environment);
        const known = Object.keys(SCHEMAS[service].shape);
        const strange = Object.keys(env).filter(
          (name) => !known.includes(name) && !OTHERS.has(name),
        );
        assert.deepEqual(strange, []);
      });
    }
  }

  test("components that no overlay uses", () => {
    const issuer = { LAYER_AUTH_ISSUER: "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE" };
    loadSettings(aux, { ...environmentOf("base/aux", ["static-credentials"]), ...issuer });
    loadSettings(gateway, environmentOf("base/gateway", ["caller-jwt", "ingress"]));
  });
});
