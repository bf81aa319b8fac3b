/** The process: environment → policy, AWS and layer identity → application → listen → stop. */
import { createAws } from "@airlock/aws";
import { SettingsError } from "@airlock/config";
import { layerMetrics, runService } from "@airlock/http";
import { createLayerGuard, createLayerVerifier, logOpenDoors } from "@airlock/identity";
import { buildApp } from "./app.ts";
import { awsMetrics } from "./aws-metrics.ts";
import { createAudit } from "./policy/audit.ts";
import { PolicyError } from "./policy/parse-policy.ts";
import { openPolicy } from "./policy/policy-file.ts";
import { policyMetrics } from "./policy/policy-metrics.ts";
import { settingsSchema } from "./settings.ts";

await runService(settingsSchema, process.env, async ({ settings, logger, metrics }) => {
  logOpenDoors(logger, settings, ["LAYER_AUTH_MODE"]);
  const { ACCESS_POLICY_FILE, ACCESS_POLICY_CALLERS } = settings;
  const opened = openPolicy(ACCESS_POLICY_FILE, logger, ACCESS_POLICY_CALLERS);
  const policy = await opened.catch(exitWith);
  policyMetrics(metrics.registry, policy);
  const audit = createAudit(logger);
  const { observeCall, observeRead, observeState } = awsMetrics(metrics.registry);
  const aws = createAws(settings, logger, observeCall, { observeRead });
  observeState(aws);
  // a session that AWS refuses for what the settings say is a wrong setting, though AWS alone knows
  aws.session.begun.catch(exitWith);
  const verifier = createLayerVerifier(settings, { log: logger });
  const observe = layerMetrics(metrics, verifier);
  const mode = settings.LAYER_AUTH_MODE;
  const layer = verifier && createLayerGuard({ mode, verifier, log: logger, observe });
  const app = await buildApp(settings, {
    aws,
    layer,
    policy: policy.current,
    audit,
    logger,
    metrics,
  });
  return {
    app,
    close: async () => {
      policy.close();
      verifier?.close();
      aws.close();
    },
  };
});

/** What is wrong with a policy or a setting is for its author to read, so no stack stands around it. */
function exitWith(error: unknown): never {
  if (error instanceof PolicyError) {
    process.stderr.write(`ACCESS_POLICY_FILE cannot be used:\n${error.message}\n`);
  } else if (error instanceof SettingsError) process.stderr.write(`${error.message}\n`);
  else throw error;
  process.exit(1);
}
