/** Who checks the callers, as GATEWAY_AUTH says. */
import type { Logger, Metrics } from "@airlock/http";
import {
  type CallerGuard,
  createCallerGuard,
  createCallerKeyGuard,
  createCallerVerifier,
  createKeyChecker,
  type LayerPresenter,
} from "@airlock/identity";
import { callerMetrics } from "./caller-metrics.ts";
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
  const observe = callerMetrics(registry);
  if (settings.GATEWAY_AUTH === "api-key") {
    if (!jobs) throw new TypeError("GATEWAY_AUTH=api-key needs jobs");
    const checker = createKeyChecker({ lookup: createKeyLookup(jobs, jobsLayer) });
    return { guard: createCallerKeyGuard({ checker, log, observe }), close() {} };
  }
  const verifier = createCallerVerifier(settings, { log });
  const guard = verifier && createCallerGuard({ verifier, log, observe });
  return { guard, close: () => verifier?.close() };
}
