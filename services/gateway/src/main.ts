/** The process: environment → upstream and identities → application → listen → stop. */
import { runService } from "@airlock/http";
import {
  createCallerGuard,
  createCallerVerifier,
  createLayerPresenter,
  openDoors,
} from "@airlock/identity";
import { buildApp } from "./app.ts";
import { callerMetrics } from "./caller-metrics.ts";
import { refuse, settingsSchema } from "./settings.ts";
import { createUpstream } from "./upstream/upstream.ts";

await runService(
  settingsSchema,
  process.env,
  async ({ settings, logger, metrics }) => {
    const { registry } = metrics;
    for (const door of openDoors(settings, ["GATEWAY_AUTH", "LAYER_AUTH"])) logger.warn(door);
    const aux = createUpstream(settings.AUX_SERVICE_URL, { logger, registry });
    const layer = createLayerPresenter(settings, logger);
    const verifier = createCallerVerifier(settings, { log: logger });
    const observe = callerMetrics(registry);
    const callers = verifier && createCallerGuard({ verifier, log: logger, observe });
    const app = await buildApp(settings, { aux, layer, callers, logger, metrics });
    return {
      app,
      close: async () => {
        layer.close();
        verifier?.close();
        await aux.close();
      },
    };
  },
  refuse,
);
