/** The process: environment → AWS and layer identity → application → listen → stop. */
import { createAws } from "@airlock/aws";
import { runService } from "@airlock/http";
import { createLayerGuard, createLayerVerifier, openDoors } from "@airlock/identity";
import { buildApp } from "./app.ts";
import { awsMetrics } from "./aws-metrics.ts";
import { layerMetrics } from "./layer-metrics.ts";
import { settingsSchema } from "./settings.ts";

await runService(settingsSchema, process.env, async ({ settings, logger, metrics }) => {
  for (const door of openDoors(settings, ["LAYER_AUTH_MODE"])) logger.warn(door);
  const { observeCall, observeState } = awsMetrics(metrics.registry);
  const aws = createAws(settings, logger, observeCall);
  observeState(aws);
  const verifier = createLayerVerifier(settings, { log: logger });
  const observe = layerMetrics(metrics.registry, verifier);
  const mode = settings.LAYER_AUTH_MODE;
  const layer = verifier && createLayerGuard({ mode, verifier, log: logger, observe });
  const app = await buildApp(settings, { aws, layer, logger, metrics });
  return {
    app,
    close: async () => {
      verifier?.close();
      aws.close();
    },
  };
});
