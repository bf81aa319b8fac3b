/** The services behind, as the settings name them, with the proof that each of them is shown. */
import type { Logger, Metrics } from "@airlock/http";
import {
  createExecutionPresenter,
  createLayerPresenter,
  type ExecutionPresenter,
  type LayerPresenter,
  sessionSource,
} from "@airlock/identity";
import { EXECUTION_CLASSES, executionApi } from "./execution-settings.ts";
import { watchSession } from "./session-metrics.ts";
import { auxServiceUrl, type Settings } from "./settings.ts";
import type { Route, RouteFor } from "./upstream/route.ts";
import { createUpstream, type OpenUpstream, type UpstreamDeps } from "./upstream/upstream.ts";
import { createUpstreamMetrics } from "./upstream-metrics.ts";

export interface Upstreams {
  readonly toAux: RouteFor;
  /** Undefined without JOBS_SERVICE_URL. */
  readonly jobs: OpenUpstream | undefined;
  readonly jobsLayer: LayerPresenter | undefined;
  /** False while a call could not be signed that must be: at start, until there is a session. */
  isReady(): boolean;
  close(): Promise<void>;
}

interface OpenRoute extends Route {
  readonly upstream: OpenUpstream;
  readonly layer: LayerPresenter;
}

/** @throws TokenFileError when a proof is to be shown and there is none. */
export function openUpstreams(
  settings: Settings,
  { logger, registry }: { readonly logger: Logger; readonly registry: Metrics["registry"] },
): Upstreams {
  const { JOBS_SERVICE_URL, JOBS_LAYER_TOKEN_FILE, EXECUTION_ROUTES } = settings;
  const deps = { logger, metrics: createUpstreamMetrics(registry) };
  // what is not signed has the token
  const LAYER_AUTH = settings.LAYER_AUTH === "sigv4" ? "service-account" : settings.LAYER_AUTH;
  const auxUrl = auxServiceUrl(settings);
  const direct: OpenRoute | undefined =
    auxUrl === undefined
      ? undefined
      : {
          name: "direct",
          upstream: createUpstream("aux", auxUrl, deps),
          layer: createLayerPresenter({ ...settings, LAYER_AUTH }, logger),
        };
  const execution = openExecutionRoute(settings, deps, registry);
  const jobs =
    JOBS_SERVICE_URL === undefined ? undefined : createUpstream("jobs", JOBS_SERVICE_URL, deps);
  const forJobs = { LAYER_AUTH, LAYER_TOKEN_FILE: JOBS_LAYER_TOKEN_FILE };
  const jobsLayer = jobs && createLayerPresenter(forJobs, logger);
  return {
    toAux: routeFor(direct, execution, EXECUTION_ROUTES ?? EXECUTION_CLASSES),
    jobs,
    jobsLayer,
    isReady: () => execution?.layer.isReady() ?? true,
    async close() {
      const routes = [direct, execution].filter((route) => route !== undefined);
      for (const { layer } of routes) layer.close();
      jobsLayer?.close();
      await Promise.all([...routes.map(({ upstream }) => upstream.close()), jobs?.close()]);
    },
  };
}

/** By the execution API, what may go there; a request of another class by the direct route. */
function routeFor(
  direct: Route | undefined,
  execution: Route | undefined,
  classes: readonly string[],
): RouteFor {
  const [otherwise, chosen] = [direct ?? execution, execution ?? direct];
  if (!otherwise || !chosen) throw new RangeError("there is no route to aux");
  const names: ReadonlySet<string> = new Set(classes);
  return (_request, name) => (names.has(name) ? chosen : otherwise);
}

function openExecutionRoute(
  settings: Settings,
  deps: UpstreamDeps,
  registry: Metrics["registry"],
): (OpenRoute & { readonly layer: ExecutionPresenter }) | undefined {
  const api = executionApi(settings);
  if (api === undefined) return undefined;
  const { AWS_REGION: region, SERVICE_NAME: sessionName, AWS_ENDPOINT_URL_STS: stsUrl } = settings;
  const source = sessionSource(settings, { region, sessionName, stsUrl });
  const { host, region: signedFor } = api;
  const layer = createExecutionPresenter({ host, region: signedFor, source, log: deps.logger });
  watchSession(registry, layer);
  const upstream = createUpstream("execution-api", api.url, deps, layer.signing);
  return { name: "execution-api", upstream, layer };
}
