/** The process: environment → upstreams and identities → application → listen → stop. */
import { runService } from "@airlock/http";
import { logOpenDoors } from "@airlock/identity";
import { buildApp } from "./app.ts";
import { openCallers } from "./callers.ts";
import { refuse, settingsSchema } from "./settings.ts";
import { openUpstreams } from "./upstreams.ts";

await runService(
  settingsSchema,
  process.env,
  async ({ settings, logger, metrics }) => {
    logOpenDoors(logger, settings, ["GATEWAY_AUTH", "LAYER_AUTH"]);
    const upstreams = openUpstreams(settings, { logger, registry: metrics.registry });
    const { aux, layer, jobs, jobsLayer } = upstreams;
    const callers = openCallers(settings, { logger, registry: metrics.registry, jobs, jobsLayer });
    const deps = { aux, layer, jobs, jobsLayer, callers: callers.guard, logger, metrics };
    return {
      app: await buildApp(settings, deps),
      close: async () => {
        callers.close();
        await upstreams.close();
      },
    };
  },
  refuse,
);
