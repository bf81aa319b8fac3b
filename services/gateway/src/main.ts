/** The process: environment → upstreams and identities → application → listen → stop. */
import { giveBackStart, runService } from "@airlock/http";
import { logOpenDoors } from "@airlock/identity";
import { buildApp } from "./app.ts";
import { openCallers } from "./callers.ts";
import { refuse, settingsSchema } from "./settings.ts";
import { openUpstreams } from "./upstreams.ts";
import { warmUp } from "./warm-up.ts";

await runService(
  settingsSchema,
  process.env,
  async ({ settings, logger, metrics }) => {
    logOpenDoors(logger, settings, ["GATEWAY_AUTH", "LAYER_AUTH"]);
    const upstreams = await openUpstreams(settings, { logger, registry: metrics.registry });
    const { toAux, jobs, jobsLayer } = upstreams;
    const callers = openCallers(settings, { logger, registry: metrics.registry, jobs, jobsLayer });
    // on a laptop it is better to begin at once
    let isWarm = settings.ENVIRONMENT === "dev";
    const callersAndLog = { callers: callers.guard, logger, metrics };
    const isReady = () => isWarm && upstreams.isReady();
    const deps = { toAux, jobs, jobsLayer, ...callersAndLog, isReady };
    const app = await buildApp(settings, deps);
    app.addHook("onListen", (done) => {
      done();
      if (isWarm) return;
      warmUp(app, settings)
        .catch((error: unknown) => logger.warn({ error }, "not warmed up"))
        .finally(() => {
          giveBackStart();
          isWarm = true;
        });
    });
    return {
      app,
      warmsUp: !isWarm,
      tunnelDrainSeconds: settings.TUNNEL_DRAIN_SECONDS,
      close: async () => {
        callers.close();
        await upstreams.close();
      },
    };
  },
  refuse,
);
