/** What the manifests put into a container's environment is what the service starts with. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { settingsSchema as aux } from "../../../services/aux/src/settings.ts";
import { settingsSchema as gateway } from "../../../services/gateway/src/settings.ts";
import { settingsSchema as jobs } from "../../../services/jobs/src/settings.ts";
import { settingsSchema as processor } from "../../../services/processor/src/settings.ts";
import { describeSettings, loadSettings } from "../../config/src/settings.ts";
import { SESSION_VARIABLES as taken } from "../../identity/src/sigv4/session-source.ts";
import { migrateSchema } from "../../jobs-store/src/migrate-settings.ts";
import { render } from "../src/kustomize/render.ts";
import { SHARED_SETTINGS } from "../src/rules/releases.ts";
import { SESSION_VARIABLES } from "../src/rules/signing.ts";
import { ENVIRONMENTS, envOf, SERVICES, withInstallation, workloads } from "../src/world.ts";
import { K8S } from "./faults.ts";

interface Lambda {
  readonly Variables: Record<string, string>;
}

const SCHEMAS = { gateway, aux, jobs, processor };
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
    components.length > 0 ? withInstallation(K8S, components) : [],
  );
  const world = { name: folder, environment: undefined, objects };
  const [workload] = workloads(world);
  const variables = workload?.pod[containers]?.flatMap(({ env = [] }) => env) ?? [];
  return Object.fromEntries(
    variables.map(({ name, value, valueFrom }) => [name, value ?? (valueFrom ? "a-secret" : "")]),
  );
}

/** Variables that nothing reads. */
const strangeIn = (env: Record<string, string>, { shape }: { shape: object }): string[] =>
  Object.keys(env).filter((name) => !(name in shape) && !OTHERS.has(name));

describe("every environment's settings are valid, and none is misspelt", () => {
  for (const environment of ENVIRONMENTS) {
    for (const service of SERVICES) {
      test(`${environment}/${service}`, () => {
        const env = environmentOf(`overlays/${environment}/${service}`);
        const settings: Record<string, unknown> = loadSettings(SCHEMAS[service], env);
        assert.equal(settings.ENVIRONMENT, environment);
        assert.deepEqual(strangeIn(env, SCHEMAS[service]), []);
      });
    }
  }

  for (const environment of ENVIRONMENTS) {
    test(`${environment}: the migration of jobs`, () => {
      const env = environmentOf(`overlays/${environment}/jobs`, [], "initContainers");
      assert.equal(loadSettings(migrateSchema, env).ENVIRONMENT, environment);
      assert.deepEqual(strangeIn(env, migrateSchema), []);
    });
  }

  for (const [service, components] of [
    ["aux", ["static-credentials"]],
    ["aux", ["static-credentials", "cluster-issuer/aux"]],
    ["gateway", ["caller-jwt", "ingress", "public-ingress"]],
    [
      "gateway",
      ["caller-jwt", "gateway-to-aux/gateway", "layer-sigv4/gateway", "layer-sigv4/irsa"],
    ],
    // the last step: the API is the only way
    ["gateway", ["caller-jwt", "layer-sigv4/gateway", "layer-sigv4/pod-identity"]],
    ["gateway", ["caller-jwt", "ingress-nginx"]],
    ["gateway", ["cluster-issuer/gateway", "caller-pods"]],
    ["jobs", ["cluster-issuer/jobs"]],
    ["processor", ["count-foreign-pods/processor"]],
    ["processor", ["pod-security-baseline/processor"]],
  ] as const) {
    test(`base/${service} + ${components.join(" + ")}`, () => {
      const env = environmentOf(`base/${service}`, components);
      loadSettings(SCHEMAS[service], env);
      assert.deepEqual(strangeIn(env, SCHEMAS[service]), []);
    });
  }

  test("aux as a Lambda, by the template of packages/infra, in prod too", () => {
    const file = join(K8S, "../packages/infra/golden/airlock-execution-dev.json");
    const { Resources } = JSON.parse(readFileSync(file, "utf8")) as {
      Resources: Record<string, { Type: string; Properties: { Environment: Lambda } }>;
    };
    const [one] = Object.values(Resources).filter(({ Type }) => Type === "AWS::Lambda::Function");
    const env = one?.Properties.Environment.Variables ?? {};
    assert.deepEqual(strangeIn(env, aux), []);
    for (const ENVIRONMENT of ["dev", "prod"]) {
      const settings = loadSettings(aux, { ...env, ENVIRONMENT });
      assert.deepEqual(settings.LAYER_AUTH_ACCEPTS, ["execution-api"]);
      assert.equal(settings.LAYER_AUTH_MODE, "enforce");
    }
  });

  test("what is said to be the same for jobs and the processor is checked to be so", () => {
    for (const schema of [jobs, processor]) {
      const same = describeSettings(schema).filter(({ description }) =>
        description.includes("The same for jobs and processor."),
      );
      assert.deepEqual(same.map(({ name }) => name).sort(), SHARED_SETTINGS.toSorted());
    }
  });

  test("the variables that gateway's manifest may have to sign with are those that it starts with", () => {
    assert.deepEqual([...SESSION_VARIABLES].sort(), [...taken].sort());
  });

  test("components/cluster-issuer: files that are mounted, and keys from the cluster's own server", () => {
    for (const [service, prefix] of [
      ["aux", "LAYER_AUTH"],
      ["jobs", "LAYER_AUTH"],
      ["gateway", "GATEWAY_JWT"],
    ] as const) {
      const components = withInstallation(K8S, [`cluster-issuer/${service}`]);
      const objects = render(join(K8S, "base", service), components);
      const [workload] = workloads({ name: service, environment: undefined, objects });
      const [container] = workload?.pod.containers ?? [];
      const volume = workload?.pod.volumes?.find(({ name }) => name === "cluster");
      const mount = container?.volumeMounts?.find(({ name }) => name === "cluster");
      const paths = volume?.projected?.sources?.flatMap(
        ({ configMap, serviceAccountToken: token }) =>
          token ? [token.path] : (configMap?.items ?? []).map(({ path }) => path),
      );
      assert.ok(container && mount && paths);
      const files = paths.map((path) => `${mount.mountPath}/${path}`);
      const named = ["CA_FILE", "TOKEN_FILE"].map((name) =>
        envOf(container, `${prefix}_JWKS_${name}`),
      );
      assert.deepEqual(named, files);
      const { origin } = new URL(envOf(container, `${prefix}_JWKS_URL`) ?? "");
      assert.equal(origin, "https://kubernetes.default.svc.cluster.local");
    }
  });
});
