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
import { openRollout } from "./rollout/open-rollout.ts";
import { watchSession } from "./session-metrics.ts";
import { auxServiceUrl, type Settings } from "./settings.ts";
import {
  createRoute,
  createUpstream,
  type OpenUpstream,
  type Route,
  type RouteFor,
  type UpstreamDeps,
} from "./upstream/upstream.ts";
import { createUpstreamMetrics } from "./upstream-metrics.ts";

export interface Upstreams {
  readonly toAux: Route | RouteFor;
  /** Undefined without JOBS_SERVICE_URL. */
  readonly jobs: OpenUpstream | undefined;
  readonly jobsLayer: LayerPresenter | undefined;
  /** False while aux could not be asked for want of a session: at start, where there is no direct route. */
  isReady(): boolean;
  close(): Promise<void>;
}

interface OpenRoute extends Omit<Route, "shares"> {
  readonly upstream: OpenUpstream;
  readonly layer: LayerPresenter;
}

/** @throws TokenFileError when a proof is to be shown and there is none, RolloutFileError. */
export async function openUpstreams(
  settings: Settings,
  { logger, registry }: { readonly logger: Logger; readonly registry: Metrics["registry"] },
): Promise<Upstreams> {
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
  const classes = EXECUTION_ROUTES ?? EXECUTION_CLASSES;
  const rollout =
    execution &&
    (await openRollout(settings, { direct, executionApi: execution, classes, logger, registry }));
  const toAux = rollout?.routeFor ?? (direct && createRoute(direct));
  if (!toAux) throw new RangeError("there is no route to aux");
  return {
    toAux,
    jobs,
    jobsLayer,
    isReady: () => direct !== undefined || execution === undefined || execution.layer.isReady(),
    async close() {
      rollout?.close();
      const routes = [direct, execution].filter((route) => route !== undefined);
      for (const { layer } of routes) layer.close();
      jobsLayer?.close();
      await Promise.all([...routes.map(({ upstream }) => upstream.close()), jobs?.close()]);
    },
  };
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
