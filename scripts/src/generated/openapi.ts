/** The OpenAPI document of each service, built from its routes without listening. */
import { loadSettings } from "@airlock/config";
import { type App, createLogger, createMetrics } from "@airlock/http";
import { buildApp as buildAux } from "../../../services/aux/src/app.ts";
import { buildApp as buildGateway } from "../../../services/gateway/src/app.ts";
import { buildApp as buildJobs } from "../../../services/jobs/src/app.ts";
import { buildApp as buildProcessor } from "../../../services/processor/src/app.ts";
import { SERVICES } from "./env-example.ts";

const ENV = { ENVIRONMENT: "dev", LOG_LEVEL: "silent", VERSION: "0.1.0" };
const JOBS_ENV = {
  ...ENV,
  DATABASE_URL: "postgresql://localhost/none",
  ALLOWED_AWS_ACCOUNTS: "111122223333",
};
const logger = createLogger({ SERVICE_NAME: "openapi", LOG_LEVEL: "silent" }, { write() {} });
// no route is called, so nothing behind them is needed
const nothing = {} as never;

const BUILD: Readonly<Record<keyof typeof SERVICES, () => Promise<App>>> = {
  gateway: () =>
    buildGateway(loadSettings(SERVICES.gateway, ENV), { toAux: nothing, jobs: nothing, logger }),
  aux: () =>
    buildAux(loadSettings(SERVICES.aux, ENV), {
      aws: nothing,
      policy: nothing,
      audit: nothing,
      logger,
    }),
  jobs: () =>
    buildJobs(loadSettings(SERVICES.jobs, JOBS_ENV), {
      store: nothing,
      awsLogin: nothing,
      sealer: nothing,
      processor: nothing,
      logger,
      metrics: createMetrics({ VERSION: ENV.VERSION, GIT_SHA: "unknown" }),
    }),
  processor: () =>
    buildProcessor(loadSettings(SERVICES.processor, JOBS_ENV), {
      store: nothing,
      cluster: nothing,
      processor: nothing,
      logger,
      metrics: createMetrics({ VERSION: ENV.VERSION, GIT_SHA: "unknown" }),
    }),
};

export async function openApiOf(service: keyof typeof SERVICES): Promise<string> {
  const app = await BUILD[service]();
  await app.ready();
  const document = app.swagger();
  await app.close();
  return `${JSON.stringify(document, null, 2)}\n`;
}
