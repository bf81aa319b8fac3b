/** The processor's HTTP side: what it is made of, in order. */
import {
  type App,
  admitLayer,
  createServer,
  type Logger,
  layerProof,
  type Metrics,
} from "@airlock/http";
import { LAYER_HEADER, type LayerGuard } from "@airlock/identity";
import { createStanding, queuesOf, type Store } from "@airlock/jobs-store";
import type { Cluster } from "./cluster/index.ts";
import { createHealth } from "./health.ts";
import { toProcessorProblem } from "./problems.ts";
import type { Processor } from "./processor.ts";
import { aboutRoutes } from "./routes/about.ts";
import { followLogRoutes } from "./routes/follow-logs.ts";
import { logRoutes } from "./routes/logs.ts";
import { podPlanRoutes } from "./routes/pod-plan.ts";
import { tunnelRoutes } from "./routes/tunnel.ts";
import { podRulesOf, type Settings } from "./settings.ts";
import type { Pace } from "./tunnel/pulse.ts";
import { tunnelMetrics } from "./tunnel/tunnel-metrics.ts";

export interface ProcessorDeps {
  readonly store: Store;
  readonly cluster: Cluster;
  readonly processor: Pick<Processor, "isReady">;
  /** Checks the calling service; undefined lets everybody in. */
  readonly layer?: LayerGuard | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Of pings and of looks at keys and jobs; unset, what is promised. */
  readonly pace?: {
    readonly pulse?: Pace;
    readonly standingMs?: number;
    readonly followMs?: number;
  };
}

export function buildApp(settings: Settings, deps: ProcessorDeps): Promise<App> {
  const { store, cluster, processor, layer, logger, metrics, pace = {} } = deps;
  const about = {
    title: "Airlock processor",
    description: "Carries jobs out on Kubernetes; tells jobs what they write.",
    version: settings.VERSION,
    proofs: layerProof(LAYER_HEADER, settings.LAYER_AUTH_MODE),
  };
  const health = createHealth(store, queuesOf(settings), () => processor.isReady, logger);
  const isReady = () => health.report().reason === undefined && (layer?.isReady() ?? true);
  const admission = layer && { admit: admitLayer(layer) };
  return createServer({ settings, about, isReady, admission, logger, metrics }, async (app) => {
    const standing = createStanding({ store, log: logger, everyMs: pace.standingMs });
    app.addHook("onListen", async () => health.start());
    app.addHook("onClose", async () => {
      health.stop();
      standing.stop();
    });
    aboutRoutes(app, settings, health);
    await app.register(async (scope) => {
      // thrown on, it gets to the handler that renders problems
      scope.setErrorHandler((error) => {
        throw toProcessorProblem(error);
      });
      logRoutes(scope, { store, cluster });
      podPlanRoutes(scope, { store, rules: podRulesOf(settings) });
      followLogRoutes(scope, { store, cluster, standing, pollMs: pace.followMs });
      const tunnels = { store, cluster, standing, metrics: tunnelMetrics(metrics) };
      tunnelRoutes(scope, { ...tunnels, pace: pace.pulse });
    });
  });
}
