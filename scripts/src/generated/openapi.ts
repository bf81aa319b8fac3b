/** The OpenAPI document of each service, built from its routes without listening. */
import { loadSettings } from "@airlock/config";
import { createLogger } from "@airlock/http";
import { buildApp as buildAux } from "../../../services/aux/src/app.ts";
import { buildApp as buildGateway } from "../../../services/gateway/src/app.ts";
import { SERVICES } from "./env-example.ts";

const ENV = { ENVIRONMENT: "dev", LOG_LEVEL: "silent", VERSION: "0.1.0" };

export async function openApiOf(service: keyof typeof SERVICES): Promise<string> {
  const logger = createLogger({ SERVICE_NAME: service, LOG_LEVEL: "silent" }, { write() {} });
  // no route is called, so nothing behind them is needed
  const nothing = {} as never;
  const app =
    service === "gateway"
      ? await buildGateway(loadSettings(SERVICES.gateway, ENV), { aux: nothing, logger })
      : await buildAux(loadSettings(SERVICES.aux, ENV), { aws: nothing, logger });
  await app.ready();
  const document = app.swagger();
  await app.close();
  return `${JSON.stringify(document, null, 2)}\n`;
}
