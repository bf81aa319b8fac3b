/** The same aux twice: before an account with all parameters, and before one without those that a policy hides. */
import type { TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import { type Aws, createAws } from "@airlock/aws";
import { loadSettings } from "@airlock/config";
import type { ParameterName, ParameterPath } from "@airlock/contract";
import { type App, createLogger } from "@airlock/http";
import { LOCAL_AWS, type LocalAws, startLocalAws } from "@airlock/local-aws";
import { buildApp } from "../src/app.ts";
import { createAudit } from "../src/policy/audit.ts";
import type { Policy } from "../src/policy/policy.ts";
import { settingsSchema } from "../src/settings.ts";
import { SPELT } from "./policy-generator.ts";

export interface Known {
  readonly name: ParameterName;
  readonly type: "String" | "SecureString";
}

/** As they are put; a root-level name has either spelling. */
const PUT = [
  ...["/a", "b", "/ab", "/a/a", "/a/b", "/a/ab", "/b/a", "/b/b", "/a/b/a", "/a/b/ab", "/b/a/a"],
  ...SPELT,
];
const spelling = new Map(PUT.map((name) => [name.replace(/^\/(?=[^/]+$)/, ""), name]));
export const PARAMETERS: readonly Known[] = [...spelling.keys()].map((name, index) => ({
  name: name as ParameterName,
  type: name.includes("secretsmanager") || index % 2 === 1 ? "SecureString" : "String",
}));
/** What KMS refuses to decrypt. */
const SEALED = ["/a/a", "/b/b", "/a/b/ab"];
const PATHS = ["/", "/a", "/b", "/a/b", "/b/a", "/aws", "/aws/service"] as ParameterPath[];

export interface World {
  readonly app: App;
  readonly aws: Aws;
  /**
   * Fills the account with these, and has somebody else read what requests of a kind are about, or
   * everything, three seconds ago.
   */
  fill(parameters: readonly Known[], kind?: Kind): Promise<void>;
}

/** What a request is about: what shows in lists, what may be read, and what in the clear. */
export type Kind = "list" | "sealed" | "clear";

/** @param startedAt what both accounts take for the time, so that their dates are the same. */
export async function startWorld(
  t: TestContext,
  startedAt: number,
  policy: () => Policy,
): Promise<World> {
  let clock = 0;
  const local = await startLocalAws({ seed: false, now: () => startedAt });
  const settings = loadSettings(settingsSchema, {
    ENVIRONMENT: "dev",
    LOG_LEVEL: "silent",
    AWS_ENDPOINT_URL: local.url,
    AWS_ACCESS_KEY_ID: LOCAL_AWS.baseAccessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_AWS.baseSecretAccessKey,
    AWS_ROLE_ARN: LOCAL_AWS.roleArn,
    SSM_CALLS_PER_SECOND: "10000",
    AWS_ROLE_SESSION_SECONDS: "43200", // the session lives by the same clock
    CACHE_STALE_SECONDS: "60",
    SSM_DESCRIBE_CALLS_PER_SECOND: "10000",
  });
  const aws = createAws(settings, createLogger(settings), () => {}, { now: () => clock });
  const app = await appOn(t, aws, policy);
  t.after(async () => {
    aws.close();
    await local.close();
  });
  while ((await app.inject("/readyz")).statusCode !== 200) await setImmediate();
  return {
    app,
    aws,
    async fill(parameters, kind) {
      clock += 90_000; // nothing is remembered so long
      put(local, parameters);
      await readAll(aws, parameters, kind);
      clock += 3000;
    },
  };
}

/** Another aux before the same account. */
export async function appOn(t: TestContext, aws: Aws, policy: () => Policy): Promise<App> {
  const settings = loadSettings(settingsSchema, {
    ENVIRONMENT: "dev",
    LOG_LEVEL: "silent",
    AWS_REGION: LOCAL_AWS.region,
  });
  const logger = createLogger(settings);
  const app = await buildApp(settings, { aws, policy, audit: createAudit(logger), logger });
  t.after(() => app.close());
  return app;
}

function put(local: LocalAws, parameters: readonly Known[]): void {
  local.reset();
  local.faults.set(SEALED.map((names) => ({ kind: "kmsDeny", names })));
  if (parameters.length === 0) return;
  local.parameters.put({
    parameters: parameters.map(({ name, type }) => ({
      name: spelling.get(name) ?? name,
      type,
      value: `value of ${name}`,
    })),
  });
}

async function readAll(
  { parameters: store }: Aws,
  parameters: readonly Known[],
  kind?: Kind,
): Promise<void> {
  if (kind === undefined || kind === "list") await store.list();
  if (kind === "list") return;
  const names = parameters.map(({ name }) => name);
  const paths = PATHS.filter((path) =>
    names.some((name) => path === "/" || name.startsWith(`${path}/`)),
  );
  for (const decrypt of kind === "sealed" ? [false] : [false, true]) {
    for (const path of paths) {
      await store.tree(path, { decrypt, recursive: true });
      await store.tree(path, { decrypt, recursive: false });
    }
    await store.getMany(names, { decrypt });
  }
}
