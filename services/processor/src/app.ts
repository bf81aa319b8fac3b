/** The processor's HTTP side: what it is made of, in order. */
import { type App, admitLayer, createServer, type Logger, type Metrics } from "@airlock/http";
import type { LayerGuard } from "@airlock/identity";
import { queuesOf, type Store } from "@airlock/jobs-store";
import type { Cluster } from "./cluster/index.ts";
import { createHealth } from "./health.ts";
import { toProcessorProblem } from "./problems.ts";
import type { Processor } from "./processor.ts";
import { aboutRoutes } from "./routes/about.ts";
import { logRoutes } from "./routes/logs.ts";
import type { Settings } from "./settings.ts";

export interface ProcessorDeps {
  readonly store: Store;
  readonly cluster: Cluster;
  readonly processor: Pick<Processor, "isReady">;
  /** Checks the calling service; undefined lets everybody in. */
  readonly layer?: LayerGuard | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export function buildApp(settings: Settings, deps: ProcessorDeps): Promise<App> {
  const { store, cluster, processor, layer, logger, metrics } = deps;
  const about = {
    title: "Airlock processor",
    description: "Carries jobs out on Kubernetes; tells jobs what they write.",
    version: settings.VERSION,
  };
  const health = createHealth(store, queuesOf(settings), () => processor.isReady, logger);
  const isReady = () => health.report().reason === undefined && (layer?.isReady() ?? true);
  const admission = layer && { admit: admitLayer(layer) };
  return createServer({ settings, about, isReady, admission, logger, metrics }, async (app) => {
    app.addHook("onListen", async () => health.start());
    app.addHook("onClose", async () => health.stop());
    aboutRoutes(app, settings, health);
    await app.register(async (scope) => {
      // thrown on, it gets to the handler that renders problems
      scope.setErrorHandler((error) => {
        throw toProcessorProblem(error);
      });
      logRoutes(scope, { store, cluster });
    });
  });
}
