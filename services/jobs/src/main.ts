/** The process: environment → keys, database, STS and layer identity → application → listen → stop. */
import { awsCallMetrics, layerMetrics, runService } from "@airlock/http";
import {
  createLayerGuard,
  createLayerPresenter,
  createLayerVerifier,
  logOpenDoors,
  refuseMissingLayerToken,
} from "@airlock/identity";
import { createStore, openSealer, SealingKeysError, storeOptionsOf } from "@airlock/jobs-store";
import { buildApp } from "./app.ts";
import { openAwsLogin } from "./aws-login.ts";
import { createProcessorClient } from "./processor-client.ts";
import { refuse, settingsSchema } from "./settings.ts";

await runService(
  settingsSchema,
  process.env,
  async ({ settings, logger, metrics }) => {
    logOpenDoors(logger, settings, ["LAYER_AUTH_MODE"]);
    const sealer = orExit(() => openSealer(settings.ENV_VARS_KEYS_FILE, logger));
    const store = createStore({ ...storeOptionsOf(settings), log: logger });
    const awsLogin = openAwsLogin(settings, awsCallMetrics(metrics));
    const processor = createProcessorClient({
      url: settings.PROCESSOR_SERVICE_URL,
      layer: createLayerPresenter(settings, logger),
    });
    const verifier = createLayerVerifier(settings, { log: logger });
    const observe = layerMetrics(metrics, verifier);
    const mode = settings.LAYER_AUTH_MODE;
    const layer = verifier && createLayerGuard({ mode, verifier, log: logger, observe });
    const app = await buildApp(settings, {
      store,
      awsLogin,
      sealer,
      processor,
      layer,
      logger,
      metrics,
    });
    return {
      app,
      tunnelDrainSeconds: settings.TUNNEL_DRAIN_SECONDS,
      close: async () => {
        verifier?.close();
        await Promise.all([awsLogin.close(), processor.close(), store.close()]);
      },
    };
  },
  (env) => [...refuse(env), ...refuseMissingLayerToken(env)],
);

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
