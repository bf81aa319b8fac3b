/** The process: environment → AWS → application → listen → stop. */
import { createAws } from "@airlock/aws";
import { runService } from "@airlock/http";
import { buildApp } from "./app.ts";
import { awsMetrics } from "./aws-metrics.ts";
import { settingsSchema } from "./settings.ts";

await runService(settingsSchema, process.env, async ({ settings, logger, metrics }) => {
  const { observeCall, observeState } = awsMetrics(metrics.registry);
  const aws = createAws(settings, logger, observeCall);
  observeState(aws);
  const app = await buildApp(settings, { aws, logger, metrics });
  return { app, close: async () => aws.close() };
});
