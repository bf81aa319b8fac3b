/** The process: environment → upstream → application → listen → stop. */
import { runService } from "@airlock/http";
import { buildApp } from "./app.ts";
import { refuseCredentials, settingsSchema } from "./settings.ts";
import { createUpstream } from "./upstream/upstream.ts";

await runService(
  settingsSchema,
  process.env,
  async ({ settings, logger, metrics }) => {
    const aux = createUpstream(settings.AUX_SERVICE_URL, { logger, registry: metrics.registry });
    const app = await buildApp(settings, { aux, logger, metrics });
    return { app, close: () => aux.close() };
  },
  refuseCredentials,
);
