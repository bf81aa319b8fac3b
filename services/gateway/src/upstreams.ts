/** The services behind, as the settings name them, with the proof that each of them is shown. */
import type { Logger, Metrics } from "@airlock/http";
import { createLayerPresenter, type LayerPresenter } from "@airlock/identity";
import type { Settings } from "./settings.ts";
import type { Upstream } from "./upstream/call.ts";
import { createUpstream, type OpenUpstream } from "./upstream/upstream.ts";
import { createUpstreamMetrics } from "./upstream-metrics.ts";

export interface Upstreams {
  readonly aux: Upstream;
  readonly layer: LayerPresenter;
  /** Undefined without JOBS_SERVICE_URL. */
  readonly jobs: OpenUpstream | undefined;
  readonly jobsLayer: LayerPresenter | undefined;
  close(): Promise<void>;
}

/** @throws TokenFileError when a proof is to be shown and there is none. */
export function openUpstreams(
  settings: Settings,
  { logger, registry }: { readonly logger: Logger; readonly registry: Metrics["registry"] },
): Upstreams {
  const { AUX_SERVICE_URL, JOBS_SERVICE_URL, LAYER_AUTH, JOBS_LAYER_TOKEN_FILE } = settings;
  const deps = { logger, metrics: createUpstreamMetrics(registry) };
  const aux = createUpstream("aux", AUX_SERVICE_URL, deps);
  const layer = createLayerPresenter(settings, logger);
  const jobs =
    JOBS_SERVICE_URL === undefined ? undefined : createUpstream("jobs", JOBS_SERVICE_URL, deps);
  const forJobs = { LAYER_AUTH, LAYER_TOKEN_FILE: JOBS_LAYER_TOKEN_FILE };
  const jobsLayer = jobs && createLayerPresenter(forJobs, logger);
  return {
    aux,
    layer,
    jobs,
    jobsLayer,
    async close() {
      layer.close();
      jobsLayer?.close();
      await Promise.all([aux.close(), jobs?.close()]);
    },
  };
}
