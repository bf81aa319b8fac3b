/** The public service: what it is made of, in order. */
import { type App, createServer, type Logger, type Metrics } from "@airlock/http";
import { aboutRoutes } from "./routes/about.ts";
import { configRoutes } from "./routes/config.ts";
import { storageRoutes } from "./routes/storage.ts";
import type { Settings } from "./settings.ts";
import { createForward } from "./upstream/forward.ts";
import type { Upstream } from "./upstream/upstream.ts";

export interface GatewayDeps {
  readonly aux: Upstream;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
}

export function buildApp(settings: Settings, deps: GatewayDeps): Promise<App> {
  const { logger, metrics } = deps;
  const about = {
    title: "Airlock gateway",
    description: "The public door: forwards to aux and holds no AWS credentials.",
    version: settings.VERSION,
  };
  // ready as soon as it listens: an edge that empties because of one fault behind it helps nobody
  const isReady = () => true;
  return createServer({ settings, about, isReady, logger, metrics }, (app) => {
    const toAux = createForward(deps.aux);
    aboutRoutes(app, settings);
    storageRoutes(app, toAux);
    configRoutes(app, toAux);
  });
}
