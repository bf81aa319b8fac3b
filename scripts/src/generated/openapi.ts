/** The OpenAPI document of each service, built from its routes without listening. */
import { loadSettings } from "@airlock/config";
import { type App, createLogger, createMetrics } from "@airlock/http";
import { buildApp as buildAux } from "../../../services/aux/src/app.ts";
import { buildApp as buildGateway } from "../../../services/gateway/src/app.ts";
import { buildApp as buildJobs } from "../../../services/jobs/src/app.ts";
import { buildApp as buildProcessor } from "../../../services/processor/src/app.ts";
import { SERVICES } from "./env-example.ts";

const ENV = { ENVIRONMENT: "dev", LOG_LEVEL: "silent", VERSION: "0.1.0" };
/** As in a cluster: the documents tell what callers are asked for there. */
const CALLERS_ENV = {
  ...ENV,
  GATEWAY_AUTH: "jwt",
  GATEWAY_JWT_ISSUER: "https://issuer.example.com",
  GATEWAY_JWT_AUDIENCE: "airlock",
};
const LAYER_ENV = {
  ...ENV,
  LAYER_AUTH_MODE: "enforce",
  LAYER_AUTH_ISSUER: "https://issuer.example.com",
  LAYER_AUTH_AUDIENCE: "airlock",
  LAYER_AUTH_SUBJECTS: "system:serviceaccount:gateway:gateway",
};
const JOBS_ENV = {
  ...LAYER_ENV,
  DATABASE_URL: "postgresql://localhost/none",
  ALLOWED_AWS_ACCOUNTS: "111122223333",
};
const logger = createLogger({ SERVICE_NAME: "openapi", LOG_LEVEL: "silent" }, { write() {} });
// no route is called, so nothing behind them is needed
const nothing = {} as never;

type Env = Readonly<Record<string, string>>;

/** Where callers are known otherwise, an issuer would mean nothing. */
const callersEnv = (env: Env): Env => (env.GATEWAY_AUTH === undefined ? CALLERS_ENV : ENV);

const BUILD: Readonly<Record<keyof typeof SERVICES, (env: Env) => Promise<App>>> = {
  gateway: (env) =>
    buildGateway(loadSettings(SERVICES.gateway, { ...callersEnv(env), ...env }), {
      toAux: nothing,
      jobs: nothing,
      logger,
    }),
  aux: (env) =>
    buildAux(loadSettings(SERVICES.aux, { ...LAYER_ENV, ...env }), {
      aws: nothing,
      policy: nothing,
      audit: nothing,
      logger,
    }),
  jobs: (env) =>
    buildJobs(loadSettings(SERVICES.jobs, { ...JOBS_ENV, ...env }), {
      store: nothing,
      awsLogin: nothing,
      sealer: nothing,
      processor: nothing,
      logger,
      metrics: createMetrics({ VERSION: ENV.VERSION, GIT_SHA: "unknown" }),
    }),
  processor: (env) =>
    buildProcessor(loadSettings(SERVICES.processor, { ...JOBS_ENV, ...env }), {
      store: nothing,
      cluster: nothing,
      processor: nothing,
      logger,
      metrics: createMetrics({ VERSION: ENV.VERSION, GIT_SHA: "unknown" }),
    }),
};

/** As the documents are made of it: without anything behind it. */
export async function describedApp(service: keyof typeof SERVICES, env: Env = {}): Promise<App> {
  const app = await BUILD[service](env);
  await app.ready();
  return app;
}

/** @param env other settings than those of the file that is kept. */
export async function openApiOf(service: keyof typeof SERVICES, env: Env = {}): Promise<string> {
  const app = await describedApp(service, env);
  const document = app.swagger();
  await app.close();
  return `${JSON.stringify(document, null, 2)}\n`;
}
