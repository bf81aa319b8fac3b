/** The public service: what it is made of, in order. */
import { type App, createServer, invalidObjectKey, type Logger, type Metrics } from "@airlock/http";
import type { CallerGuard, LayerPresenter } from "@airlock/identity";
import { createAdmission } from "./admission.ts";
import { aboutRoutes } from "./routes/about.ts";
import { configRoutes } from "./routes/config.ts";
import { storageRoutes } from "./routes/storage.ts";
import { rateLimitPerMinute, type Settings } from "./settings.ts";
import { createForward } from "./upstream/forward.ts";
import type { Upstream } from "./upstream/upstream.ts";

export interface GatewayDeps {
  readonly aux: Upstream;
  /** The proof of who calls aux, and for whom; undefined sends none. */
  readonly layer?: LayerPresenter | undefined;
  /** Checks the callers; undefined lets everybody in. */
  readonly callers?: CallerGuard | undefined;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
}

/** What clients may count on; aux takes a little more, for what is added here. */
const HEAD_LIMITS = { targetBytes: 8192, headersBytes: 8192 };

const undecodable = (path: string) =>
  /^\/(storage|presigned)\/[^/]+\//.test(path) ? invalidObjectKey() : undefined;

export function buildApp(settings: Settings, deps: GatewayDeps): Promise<App> {
  const { callers, logger, metrics } = deps;
  const about = {
    title: "Airlock gateway",
    description: "The public door: forwards to aux and holds no AWS credentials.",
    version: settings.VERSION,
  };
  // aux does not matter here: an edge that empties because of one fault behind it helps nobody
  const isReady = () => callers?.isReady() ?? true;
  const perMinute = rateLimitPerMinute(settings);
  const admission = (app: App) => createAdmission(app, { callers, perMinute });
  const trustProxy = settings.TRUST_PROXY;
  const common = { settings, about, isReady, admission, trustProxy, logger, metrics };
  const options = { ...common, headLimits: HEAD_LIMITS, undecodable };
  return createServer(options, (app) => {
    const toAux = createForward(deps.aux, deps.layer);
    aboutRoutes(app, settings);
    storageRoutes(app, toAux);
    configRoutes(app, toAux);
  });
}
