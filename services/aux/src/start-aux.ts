/** All that aux is made of but the way its requests come in: policy, AWS, layer identity, application. */
import { type AwsSettings, createAws } from "@airlock/aws";
import { SettingsError } from "@airlock/config";
import { type App, layerMetrics, type ServiceContext } from "@airlock/http";
import { createLayerGuard, createLayerVerifier, logOpenDoors } from "@airlock/identity";
import { type AuxDeps, buildApp } from "./app.ts";
import { awsMetrics } from "./aws-metrics.ts";
import { createAudit } from "./policy/audit.ts";
import { PolicyError } from "./policy/parse-policy.ts";
import { openPolicy } from "./policy/policy-file.ts";
import { policyMetrics } from "./policy/policy-metrics.ts";
import type { Settings } from "./settings.ts";

export interface Aux {
  readonly app: App;
  readonly aws: AuxDeps["aws"];
  close(): Promise<void>;
}

export interface StartOptions {
  /** The part of the account's budget that this process has. */
  readonly awsSettings?: AwsSettings;
  readonly viaOf?: AuxDeps["viaOf"];
}

/** Ends the process, with a sentence, where a setting or the policy cannot be used. */
export async function startAux(
  { settings, logger, metrics }: ServiceContext<Settings>,
  { awsSettings = settings, viaOf }: StartOptions = {},
): Promise<Aux> {
  logOpenDoors(logger, settings, ["LAYER_AUTH_MODE"]);
  const { ACCESS_POLICY_FILE, ACCESS_POLICY_CALLERS } = settings;
  const opened = openPolicy(ACCESS_POLICY_FILE, logger, ACCESS_POLICY_CALLERS);
  const policy = await opened.catch(exitWith);
  policyMetrics(metrics.registry, policy);
  const audit = createAudit(logger);
  const { observeCall, observeRead, observeState } = awsMetrics(metrics.registry);
  const aws = createAws(awsSettings, logger, observeCall, { observeRead });
  observeState(aws);
  // a session that AWS refuses for what the settings say is a wrong setting, though AWS alone knows
  aws.session.begun.catch(exitWith);
  const { LAYER_AUTH_MODE: mode = "off", LAYER_AUTH_ACCEPTS: accepts } = settings;
  const verifier = createLayerVerifier(settings, { log: logger });
  const observe = layerMetrics(metrics, verifier);
  const roles = viaOf && accepts.includes("execution-api") ? settings.LAYER_AUTH_ROLES : undefined;
  const checks = { mode, verifier, roles, log: logger, observe };
  const layer = mode === "off" ? undefined : createLayerGuard(checks);
  const deps = { aws, layer, viaOf, policy: policy.current, audit, logger, metrics };
  return {
    app: await buildApp(settings, deps),
    aws,
    close: async () => {
      policy.close();
      verifier?.close();
      aws.close();
    },
  };
}

/** What is wrong with a policy or a setting is for its author to read, so no stack stands around it. */
export function exitWith(error: unknown): never {
  if (error instanceof PolicyError) {
    process.stderr.write(`ACCESS_POLICY_FILE cannot be used:\n${error.message}\n`);
  } else if (error instanceof SettingsError) process.stderr.write(`${error.message}\n`);
  else throw error;
  process.exit(1);
}
