/** What the manifests put into a container's environment is what the service starts with. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { settingsSchema as aux } from "../../../services/aux/src/settings.ts";
import { settingsSchema as gateway } from "../../../services/gateway/src/settings.ts";
import { settingsSchema as jobs } from "../../../services/jobs/src/settings.ts";
import { loadSettings } from "../../config/src/settings.ts";
import { migrateSchema } from "../../jobs-store/src/migrate-settings.ts";
import { render } from "../src/kustomize/render.ts";
import { ENVIRONMENTS, SERVICES, workloads } from "../src/world.ts";
import { K8S } from "./faults.ts";

const SCHEMAS = { gateway, aux, jobs };
/** Read by Node and by the AWS SDK, not by our settings. */
const OTHERS = new Set(["NODE_OPTIONS", "AWS_SHARED_CREDENTIALS_FILE"]);

/** The literal variables of a Deployment; those of a Secret have a word in their place. */
function environmentOf(
  folder: string,
  components: readonly string[] = [],
  containers: "containers" | "initContainers" = "containers",
): Record<string, string> {
  const objects = render(
    join(K8S, folder),
    components.map((name) => join(K8S, "components", name)),
  );
  const world = { name: folder, environment: undefined, objects };
  const [workload] = workloads(world);
  const variables = workload?.pod[containers]?.flatMap(({ env = [] }) => env) ?? [];
  return Object.fromEntries(
    variables.map(({ name, value, valueFrom }) => [name, value ?? (valueFrom ? "a-secret" : "")]),
  );
}

describe("every environment's settings are valid, and none is misspelt", () => {
  for (const environment of ENVIRONMENTS) {
    for (const service of SERVICES) {
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

  for (const environment of ENVIRONMENTS) {
    test(`${environment}: the migration of jobs`, () => {
      const env = environmentOf(`overlays/${environment}/jobs`, [], "initContainers");
      assert.equal(loadSettings(migrateSchema, env).ENVIRONMENT, environment);
      const known = Object.keys(migrateSchema.shape);
      assert.deepEqual(
        Object.keys(env).filter((name) => !known.includes(name) && !OTHERS.has(name)),
        [],
      );
    });
  }

  test("components that no overlay uses", () => {
    const issuer = { LAYER_AUTH_ISSUER: "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE" };
    loadSettings(aux, { ...environmentOf("base/aux", ["static-credentials"]), ...issuer });
    loadSettings(gateway, environmentOf("base/gateway", ["caller-jwt", "ingress"]));
  });
});
