/** The process: environment → AWS → application → listen → stop. */
import { createAws } from "@airlock/aws";
import { runService } from "@airlock/http";
import { buildApp } from "./app.ts";
import { awsMetrics } from "./aws-metrics.ts";
import { settingsSchema } from "./settings.ts";

await runService(settingsSchema, process.env, async ({ settings, logger, metrics }) => {
  const { observeCall, observeSession } = awsMetrics(metrics.registry);
  const aws = createAws(settings, logger, observeCall);
  observeSession(aws.session);
  const app = await buildApp(settings, { aws, logger, metrics });
  return { app, close: async () => aws.close() };
});
