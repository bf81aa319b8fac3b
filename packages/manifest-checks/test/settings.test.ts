/** What the manifests put into a container's environment is what the service starts with. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { settingsSchema as aux } from "../../../services/aux/src/settings.ts";
import { settingsSchema as gateway } from "../../../services/gateway/src/settings.ts";
import { settingsSchema as jobs } from "../../../services/jobs/src/settings.ts";
import { loadSettings } from "../../config/src/settings.ts";
import { render } from "../src/kustomize/render.ts";
import { ENVIRONMENTS, SERVICES, workloads } from "../src/world.ts";
import { K8S } from "./faults.ts";

const SCHEMAS = { gateway, aux, jobs };
/** Read by Node and by the AWS SDK, not by our settings. */
const OTHERS = new Set(["NODE_OPTIONS", "AWS_SHARED_CREDENTIALS_FILE"]);

/** The literal variables of the workload; those of a Secret have a word in their place. */
function environmentOf(
  folder: string,
  components: readonly string[] = [],
  kind = "Deployment",
): Record<string, string> {
  const objects = render(
    join(K8S, folder),
    components.map((name) => join(K8S, "components", name)),
  );
  const world = { name: folder, environment: undefined, objects };
  const workload = workloads(world).find(({ object }) => object.kind === kind);
  const variables = workload?.containers.flatMap(({ env = [] }) => env) ?? [];
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
    test(`${environment}: the migration goes to the database of jobs`, () => {
      const folder = `overlays/${environment}/jobs`;
      const own = environmentOf(folder, [], "Job");
      const known = Object.keys(jobs.shape);
      assert.deepEqual(
        Object.keys(own).filter((name) => !known.includes(name) && !OTHERS.has(name)),
        [],
      );
      const database = (env: Record<string, string>) =>
        Object.entries(env).filter(([name]) => /^(POSTGRES|DATABASE)_|^ENVIRONMENT$/.test(name));
      assert.deepEqual(new Map(database(own)), new Map(database(environmentOf(folder))));
      assert.ok(own.POSTGRES_HOST && own.POSTGRES_PASSWORD);
    });
  }

  test("components that no overlay uses", () => {
    const issuer = { LAYER_AUTH_ISSUER: "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE" };
    loadSettings(aux, { ...environmentOf("base/aux", ["static-credentials"]), ...issuer });
    loadSettings(gateway, environmentOf("base/gateway", ["caller-jwt", "ingress"]));
  });
});
