/** The internal service: what it is made of, in order. */
import type { Aws } from "@airlock/aws";
import { type App, createServer, type Logger, type Metrics } from "@airlock/http";
import type { LayerGuard } from "@airlock/identity";
import { admitLayer } from "./admission.ts";
import { aboutRoutes } from "./routes/about.ts";
import { parameterRoutes } from "./routes/parameters.ts";
import { s3Routes } from "./routes/s3.ts";
import type { Settings } from "./settings.ts";

export interface AuxDeps {
  readonly aws: Aws;
  /** Checks the calling service; undefined lets everybody in. */
  readonly layer?: LayerGuard | undefined;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
}

export function buildApp(settings: Settings, deps: AuxDeps): Promise<App> {
  const { aws, layer, logger, metrics } = deps;
  const about = {
    title: "Airlock aux",
    description: "The internal door: the only holder of AWS credentials.",
    version: settings.VERSION,
  };
  const isReady = () => aws.session.isValid() && (layer?.isReady() ?? true);
  const admission = async () => layer && admitLayer(layer);
  return createServer({ settings, about, isReady, admission, logger, metrics }, (app) => {
    aboutRoutes(app, settings, aws.session);
    s3Routes(app, aws.buckets);
    parameterRoutes(app, aws.parameters);
  });
}
