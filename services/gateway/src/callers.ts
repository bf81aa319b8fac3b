/** Who checks the callers, as GATEWAY_AUTH says. */
import { callerMetrics, type Logger, type Metrics } from "@airlock/http";
import {
  type CallerGuard,
  callerKeys,
  callerTokens,
  createCallerVerifier,
  createGuard,
  createKeyChecker,
  type LayerPresenter,
} from "@airlock/identity";
import { createKeyLookup } from "./jobs/key-lookup.ts";
import type { Settings } from "./settings.ts";
import type { Upstream } from "./upstream/call.ts";

export interface CallerDeps {
  readonly logger: Logger;
  readonly registry: Metrics["registry"];
  readonly jobs: Upstream | undefined;
  readonly jobsLayer: LayerPresenter | undefined;
}

export interface Callers {
  /** Undefined lets everybody in. */
  readonly guard: CallerGuard | undefined;
  close(): void;
}

export function openCallers(settings: Settings, deps: CallerDeps): Callers {
  const { logger: log, registry, jobs, jobsLayer } = deps;
  if (settings.GATEWAY_AUTH === "api-key") {
    if (!jobs) throw new TypeError("GATEWAY_AUTH=api-key needs jobs");
    const checker = createKeyChecker({ lookup: createKeyLookup(jobs, jobsLayer) });
    const observe = callerMetrics({ registry }, undefined);
    return { guard: createGuard(callerKeys(checker), { log, observe }), close() {} };
  }
  const verifier = createCallerVerifier(settings, { log });
  const observe = callerMetrics({ registry }, verifier);
  const guard = verifier && createGuard(callerTokens(verifier), { log, observe });
  return { guard, close: () => verifier?.close() };
}
