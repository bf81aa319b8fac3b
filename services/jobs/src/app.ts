/** The jobs API: what it is made of, in order. */
import {
  type App,
  admitLayer,
  apiKeyProof,
  type ClientPlaces,
  createServer,
  type Logger,
  layerProof,
  type Metrics,
  rateLimitMaker,
} from "@airlock/http";
import { type AwsLogin, LAYER_HEADER, type LayerGuard } from "@airlock/identity";
import {
  createStanding,
  listenForJobs,
  orderRulesOf,
  queuesOf,
  retentionOf,
  type Sealer,
  type Store,
  targetOf,
} from "@airlock/jobs-store";
import { createIsAdmin } from "./admin/admin-subjects.ts";
import { createAudit } from "./audit.ts";
import { observeCluster } from "./cluster-metrics.ts";
import type { ApiDeps } from "./deps.ts";
import { createEventHub } from "./events/event-hub.ts";
import { createHealth } from "./health.ts";
import { createRememberedChoices } from "./jobs/remembered-choices.ts";
import { jobsMetrics, observeStore } from "./jobs-metrics.ts";
import { createKeys } from "./keys.ts";
import { createLastUsed } from "./last-used.ts";
import { createLogins } from "./login.ts";
import { createMutations } from "./mutations.ts";
import { createOrderTraces } from "./order-traces.ts";
import { createOutlooks } from "./outlook/outlooks.ts";
import { toJobsProblem } from "./problems.ts";
import type { ProcessorClient } from "./processor-client.ts";
import { createForgetting } from "./retention.ts";
import { aboutRoutes } from "./routes/about.ts";
import { adminRoutes } from "./routes/admin.ts";
import { clusterRoutes } from "./routes/cluster.ts";
import { diskChangeRoutes } from "./routes/disk-changes.ts";
import { diskRoutes } from "./routes/disks.ts";
import { internalRoutes } from "./routes/internal.ts";
import { jobActionRoutes } from "./routes/job-actions.ts";
import { jobEventRoutes } from "./routes/job-events.ts";
import { jobLogRoutes } from "./routes/job-logs.ts";
import { jobOutlookRoutes } from "./routes/job-outlook.ts";
import { jobTunnelRoutes } from "./routes/job-tunnel.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { keyRoutes } from "./routes/keys.ts";
import { loginRoutes } from "./routes/login.ts";
import {
  allowsRawLogin,
  keyRateLimitPerMinute,
  rateLimitPerMinute,
  type Settings,
} from "./settings.ts";

export interface JobsDeps {
  readonly store: Store;
  readonly awsLogin: AwsLogin;
  readonly sealer: Sealer;
  readonly processor: ProcessorClient;
  /** Checks the calling service; undefined lets everybody in. */
  readonly layer?: LayerGuard | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Of looks at events, at keys that streams were begun with, and at what is old; unset, what is promised. */
  readonly pace?: {
    readonly pollMs?: number;
    readonly standingMs?: number;
    readonly forgettingMs?: number;
  };
}

export function buildApp(settings: Settings, deps: JobsDeps): Promise<App> {
  const { store, awsLogin, sealer, processor, layer, logger, metrics, pace = {} } = deps;
  const about = {
    title: "Airlock jobs",
    description:
      "GPU jobs and disks: asked for here, carried out by the processor. Every POST and DELETE of a user may carry an Idempotency-Key, good for a day: what is sent twice is done once.",
    version: settings.VERSION,
    proofs: [
      ...layerProof(LAYER_HEADER, settings.LAYER_AUTH_MODE),
      apiKeyProof((url) => url.startsWith("/v1/") && !url.startsWith("/v1/auth/")),
    ],
    isCounting: true,
  };
  const health = createHealth(store, queuesOf(settings), logger);
  const isReady = () => health.isReady() && (layer?.isReady() ?? true);
  const admission = layer && { admit: admitLayer(layer) };
  const clientPlaces: ClientPlaces = {
    most: {
      follow: settings.FOLLOWS_PER_USER,
      events: settings.EVENT_READERS_PER_USER,
      tunnel: settings.TUNNELS_PER_USER,
    },
    // before any key is looked up; without the layer's proof the peers are gateways
    clientOf: ({ client, isClientTold }) => (isClientTold ? client.network : undefined),
  };
  const options = { settings, about, isReady, admission, clientPlaces, logger, metrics };
  return createServer(options, async (app) => {
    const lastUsed = createLastUsed(store, logger);
    const retention = retentionOf(settings);
    const forgetting = createForgetting(store, retention, logger, pace.forgettingMs);
    const standing = createStanding({ store, log: logger, everyMs: pace.standingMs });
    const hub = createEventHub({
      store,
      listen: (onJobs) => listenForJobs({ ...targetOf(settings), onJobs, log: logger }),
      log: logger,
      pollMs: pace.pollMs,
    });
    app.addHook("onListen", async () => {
      lastUsed.start();
      forgetting.start();
      await health.start();
    });
    app.addHook("onClose", async () => {
      health.stop();
      standing.stop();
      await Promise.all([lastUsed.stop(), forgetting.stop(), hub.stop()]);
    });
    app.decorateRequest("user", undefined);
    aboutRoutes(app, settings, health);

    const counters = jobsMetrics(metrics);
    observeStore(metrics, store, queuesOf(settings));
    const audit = createAudit(logger);
    const allowed = { accounts: settings.ALLOWED_AWS_ACCOUNTS, role: settings.ALLOWED_AWS_ROLE };
    const perMinute = rateLimitPerMinute(settings);
    const makeLimit = rateLimitMaker(metrics);
    const limit = makeLimit({ name: "requests", perMinute });
    const perKey = keyRateLimitPerMinute(settings);
    const keyLimit = makeLimit({ name: "keys", perMinute: perKey });
    const isBehindGateways = layer !== undefined;
    const known = { store, allowed, lastUsed, metrics: counters };
    const keys = createKeys({ ...known, limit, keyLimit, isBehindGateways });
    const logins = createLogins({
      store,
      awsLogin,
      audit,
      metrics: counters,
      ttlHours: settings.API_KEY_TTL_HOURS,
      region: settings.AWS_REGION,
      allowsRaw: allowsRawLogin(settings),
    });
    const rules = orderRulesOf(settings);
    const outlooks = createOutlooks(store, rules);
    observeCluster(metrics, outlooks.views);
    const queues = [settings.QUEUE_NAME, settings.DISK_QUEUE_NAME];
    const traceparentOf = createOrderTraces(store.pool, queues);
    const api: ApiDeps = {
      store,
      traceparentOf,
      outlooks,
      rules,
      keys,
      mutate: createMutations(store, traceparentOf),
      audit,
      metrics: counters,
      sealer,
      processor,
      choices: createRememberedChoices(),
      ttlSeconds: settings.API_KEY_TTL_HOURS * 3600,
      jobQueue: settings.QUEUE_NAME,
      diskQueue: settings.DISK_QUEUE_NAME,
      diskSizeGb: settings.DEFAULT_DISK_SIZE_GB,
      maxJobHours: settings.MAX_JOB_HOURS,
      defaultImage: settings.DEFAULT_IMAGE,
    };
    await app.register(async (open) => {
      // thrown on, it gets to the handler that renders problems
      open.setErrorHandler((error) => {
        throw toJobsProblem(error);
      });
      loginRoutes(open, logins);
      internalRoutes(open, keys);
      await open.register(async (locked) => {
        locked.addHook("onRequest", keys.authenticate);
        keyRoutes(locked, api);
        jobRoutes(locked, api);
        jobOutlookRoutes(locked, api);
        jobLogRoutes(locked, api);
        jobEventRoutes(locked, { store, hub, standing });
        jobTunnelRoutes(locked, api);
        jobActionRoutes(locked, api);
        diskRoutes(locked, api);
        diskChangeRoutes(locked, api);
        clusterRoutes(locked, api);
        await adminRoutes(locked, api, {
          isAdmin: createIsAdmin(settings.ADMIN_SUBJECTS ?? []),
          retention,
        });
      });
    });
  });
}
