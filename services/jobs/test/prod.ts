/** jobs behind a gateway, both with the settings of prod; the database and STS are this machine's. */
import type { TestContext } from "node:test";
import { json, startGateway, startUpstream } from "../../gateway/test/harness.ts";
import { type JobsRig, startJobs, type World } from "./harness.ts";

export const SERVER_ID = "jobs.example.com";

export interface Prod {
  /** Of the gateway. */
  readonly url: string;
  readonly jobs: JobsRig;
}

export async function startProd(
  scope: Pick<TestContext, "after">,
  world: World,
  databaseUrl: string,
): Promise<Prod> {
  const ENVIRONMENT = "prod";
  const env = {
    ENVIRONMENT,
    DATABASE_SSLMODE: "verify-full",
    DATABASE_CA_FILE: "/etc/airlock/ca.pem",
    LOGIN_SERVER_ID: SERVER_ID,
    LAYER_AUTH_MODE: "off",
  };
  const jobs = await startJobs(world, databaseUrl, { env });
  const aux = await startUpstream(scope, json({ ok: true }));
  const { url } = await startGateway(scope, aux.url, {
    ENVIRONMENT,
    GATEWAY_AUTH: "api-key",
    LAYER_AUTH: "none",
    JOBS_SERVICE_URL: jobs.url,
  });
  return { url, jobs };
}
