/** The process: environment → keys, database, cluster and layer identity → processor → listen → stop. */
import { layerMetrics, runService } from "@airlock/http";
import { createLayerGuard, createLayerVerifier, logOpenDoors } from "@airlock/identity";
import {
  createStore,
  listenForOrders,
  openSealer,
  orderRulesOf,
  queuesOf,
  SealingKeysError,
  storeOptionsOf,
  targetOf,
} from "@airlock/jobs-store";
import { createUserKeys } from "./access/user-keys.ts";
import { buildApp } from "./app.ts";
import {
  createKubeCluster,
  inCluster,
  keepAccess,
  kubeconfig,
  type ReadAccess,
} from "./cluster/index.ts";
import { startProcessor } from "./processor.ts";
import { processorMetrics } from "./processor-metrics.ts";
import {
  diskRulesOf,
  hasNodePorts,
  limitsOf,
  podRulesOf,
  type Settings,
  settingsSchema,
} from "./settings.ts";

await runService(settingsSchema, process.env, async ({ settings, logger, metrics }) => {
  logOpenDoors(logger, settings, ["LAYER_AUTH_MODE"]);
  const sealer = orExit(() => openSealer(settings.ENV_VARS_KEYS_FILE, logger));
  const store = createStore({ ...storeOptionsOf(settings), log: logger });
  const { onCall, ...observed } = processorMetrics(metrics);
  const cluster = createKubeCluster({
    access: keepAccess(accessOf(settings)),
    namespace: settings.JOBS_NAMESPACE,
    onCall,
  });
  const { SSH_KEYS_URL: keysUrl } = settings;
  const userKeys = keysUrl === "off" ? undefined : createUserKeys(keysUrl);
  const processor = startProcessor({
    store,
    cluster,
    sealer,
    queue: settings.QUEUE_NAME,
    diskQueue: settings.DISK_QUEUE_NAME,
    diskRules: diskRulesOf(settings),
    leaseSeconds: settings.LEASE_SECONDS,
    maxHours: settings.MAX_JOB_HOURS,
    keepOrdersDays: settings.KEEP_ORDERS_DAYS,
    atOnce: settings.JOBS_AT_ONCE,
    pollMs: settings.POLL_INTERVAL_MS,
    limits: limitsOf(settings),
    rules: podRulesOf(settings),
    access: {
      hasNodePorts: hasNodePorts(settings),
      sshUser: settings.SSH_USER,
      userKeys,
    },
    order: orderRulesOf(settings),
    countsForeignPods: settings.COUNT_FOREIGN_PODS,
    log: logger,
    ...observed,
  });
  const bell = listenForOrders({
    ...targetOf(settings),
    queues: queuesOf(settings),
    onOrder: processor.hearBell,
    log: logger,
  });
  const verifier = createLayerVerifier(settings, { log: logger });
  const observe = layerMetrics(metrics, verifier);
  const mode = settings.LAYER_AUTH_MODE;
  const layer = verifier && createLayerGuard({ mode, verifier, log: logger, observe });
  const app = await buildApp(settings, { store, cluster, processor, layer, logger, metrics });
  // while tunnels live on, others do the work
  let stopped: Promise<unknown> | undefined;
  const stop = () => {
    stopped ??= Promise.all([bell.close(), processor.stop()]);
    return stopped;
  };
  app.addHook("preClose", (done) => {
    void stop();
    done();
  });
  return {
    app,
    tunnelDrainSeconds: settings.TUNNEL_DRAIN_SECONDS,
    close: async () => {
      verifier?.close();
      await stop();
      await Promise.all([cluster.close(), store.close(), userKeys?.close()]);
    },
  };
});

function accessOf({ KUBECONFIG, KUBECONFIG_CONTEXT }: Settings): ReadAccess {
  const { env } = process;
  if (KUBECONFIG === undefined) {
    return inCluster({ host: env.KUBERNETES_SERVICE_HOST, port: env.KUBERNETES_SERVICE_PORT });
  }
  // a plug-in that it names has no business with the database
  const forPlugin = /^(PATH|HOME|TMPDIR|LANG|AWS_.*)$/;
  const plugin = Object.entries(env).filter(([name]) => forPlugin.test(name));
  return kubeconfig(KUBECONFIG, { context: KUBECONFIG_CONTEXT, env: Object.fromEntries(plugin) });
}

/** What is wrong with a file is for its author to read, so no stack stands around it. */
function orExit<Result>(open: () => Result): Result {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof SealingKeysError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
