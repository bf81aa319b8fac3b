/** The internal service: what it is made of, in order. */
import type { Aws } from "@airlock/aws";
import { type App, createServer, type Logger, type Metrics } from "@airlock/http";
import { aboutRoutes } from "./routes/about.ts";
import { parameterRoutes } from "./routes/parameters.ts";
import { s3Routes } from "./routes/s3.ts";
import type { Settings } from "./settings.ts";

export interface AuxDeps {
  readonly aws: Aws;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
}

export function buildApp(settings: Settings, deps: AuxDeps): Promise<App> {
  const { aws, logger, metrics } = deps;
  const about = {
    title: "Airlock aux",
    description: "The internal door: the only holder of AWS credentials.",
    version: settings.VERSION,
  };
  const isReady = () => aws.session.isValid();
  return createServer({ settings, about, isReady, logger, metrics }, (app) => {
    aboutRoutes(app, settings, aws.session);
    s3Routes(app, aws.buckets);
    parameterRoutes(app, aws.parameters);
  });
}
