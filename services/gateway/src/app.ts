/** The public service: what it is made of, in order. */
import {
  type App,
  admitCallers,
  apiKeyProof,
  type ClientPlaces,
  callerOrNetwork,
  callerTokenProof,
  createMetrics,
  createServer,
  invalidObjectKey,
  type Logger,
  type Metrics,
  type Proof,
  rateLimitMaker,
} from "@airlock/http";
import type { CallerGuard, LayerPresenter } from "@airlock/identity";
import { createJobsHealth } from "./jobs/jobs-health.ts";
import { aboutRoutes } from "./routes/about.ts";
import { configRoutes } from "./routes/config.ts";
import { storageRoutes } from "./routes/storage.ts";
import { v1Routes } from "./routes/v1.ts";
import { rateLimitPerMinute, type Settings } from "./settings.ts";
import { createTunnelForward } from "./tunnel.ts";
import { createForward } from "./upstream/forward.ts";
import { createRoute, type OpenUpstream, type Route, type RouteFor } from "./upstream/upstream.ts";

export interface GatewayDeps {
  /** The one way to aux, or what chooses between two. */
  readonly toAux: Route | RouteFor;
  /** Undefined means that there is no jobs API. */
  readonly jobs?: OpenUpstream | undefined;
  /** The proof of who calls jobs; undefined sends none. */
  readonly jobsLayer?: LayerPresenter | undefined;
  /** Checks the callers of aux; undefined lets everybody in. */
  readonly callers?: CallerGuard | undefined;
  /** False while no traffic should come yet: see warm-up.ts, and Upstreams. */
  readonly isReady?: () => boolean;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
}

/**
 * What clients may count on, 8 KiB of either, and 4 KiB for what proxies in front add to the headers;
 * aux takes more, for what is added here.
 */
const MAX_HEAD = { targetBytes: 8192, headersBytes: 12_288 };

const undecodable = (path: string) =>
  /^\/(storage|presigned)\/[^/]+\//.test(path) ? invalidObjectKey() : undefined;

const DESCRIPTION = "The public door: forwards what is asked and holds no AWS credentials.";
const JOBS_DESCRIPTION =
  "Paths under /v1 need an API key as a bearer token, which a login gives; every POST and DELETE there but a login may carry an Idempotency-Key, good for a day: what is sent twice is done once.";

/** What is behind the jobs API's own door, but for logins. */
const needsKey = (url: string) => url.startsWith("/v1/") && !url.startsWith("/v1/auth/");

function proofsOf({ GATEWAY_AUTH }: Settings, hasJobs: boolean): Proof[] {
  const isOurs = (url: string) => !url.startsWith("/v1/");
  return [
    ...(GATEWAY_AUTH === "jwt" ? [callerTokenProof(isOurs)] : []),
    ...(hasJobs
      ? [apiKeyProof((url) => needsKey(url) || (GATEWAY_AUTH === "api-key" && isOurs(url)))]
      : []),
  ];
}

export function buildApp(settings: Settings, deps: GatewayDeps): Promise<App> {
  const { jobs, jobsLayer, callers, logger, metrics = createMetrics(settings) } = deps;
  const about = {
    title: "Airlock gateway",
    description: jobs ? `${DESCRIPTION} ${JOBS_DESCRIPTION}` : DESCRIPTION,
    version: settings.VERSION,
    proofs: proofsOf(settings, jobs !== undefined),
    isCounting: true,
  };
  // aux does not matter here: an edge that empties because of one fault behind it helps nobody
  const isReady = () => (deps.isReady?.() ?? true) && (callers?.isReady() ?? true);
  const makeLimit = rateLimitMaker(metrics);
  const limit = makeLimit({ name: "requests", perMinute: rateLimitPerMinute(settings) });
  const admission = admitCallers({ callers, limit, askedBehind: jobs && "/v1/" });
  const clientPlaces: ClientPlaces = {
    most: { wait: settings.WAITS_PER_CLIENT, stream: settings.STREAMS_PER_CLIENT },
    clientOf: callerOrNetwork,
  };
  const trustProxy = settings.TRUST_PROXY;
  const common = { settings, about, isReady, admission, clientPlaces, trustProxy, logger, metrics };
  const options = { ...common, maxHead: MAX_HEAD, undecodable };
  return createServer(options, async (app) => {
    const toAux = createForward(deps.toAux);
    aboutRoutes(app, settings, jobs && createJobsHealth(jobs, jobsLayer));
    storageRoutes(app, toAux);
    configRoutes(app, toAux, settings.MAX_WAIT_SECONDS);
    if (!jobs) return;
    const perMinute = settings.LOGIN_RATE_PER_MINUTE;
    const loginLimit = (name: string) => makeLimit({ name, perMinute });
    const ways = {
      toJobs: createForward(createRoute({ name: "direct", upstream: jobs, layer: jobsLayer })),
      toTunnel: createTunnelForward(jobs, jobsLayer),
    };
    const maxWaitSeconds = settings.MAX_WAIT_SECONDS;
    await v1Routes(app, ways, { limit, loginLimit, maxWaitSeconds });
  });
}
