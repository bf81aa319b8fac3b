/** Puts the rollout together: what is asked for, who chooses and judges, and who hears of it. */
import type { Logger, Metrics } from "@airlock/http";
import type { ExecutionPresenter } from "@airlock/identity";
import type { Settings } from "../settings.ts";
import { createRoute, type Route, type RouteFor } from "../upstream/upstream.ts";
import { chooseRoute } from "./choice.ts";
import { LOOK_MS, Rollout, type Wish } from "./rollout.ts";
import { DEFAULT_SALT, followRolloutFile } from "./rollout-file.ts";
import { createRolloutLog } from "./rollout-log.ts";
import { rolloutMetrics } from "./rollout-metrics.ts";

type Made = Omit<Route, "shares">;

export interface OpenRolloutOptions {
  /** Undefined where everything goes by the execution API, for good. */
  readonly direct: Made | undefined;
  readonly executionApi: Made & { readonly layer: Pick<ExecutionPresenter, "isReady"> };
  /** Which classes of requests may go by it. */
  readonly classes: readonly string[];
  readonly logger: Logger;
  readonly registry: Metrics["registry"];
}

export interface OpenRollout {
  readonly routeFor: RouteFor;
  close(): void;
}

/** @throws RolloutFileError when there is a rollout file, and it cannot be used. */
export async function openRollout(
  settings: Settings,
  { direct, executionApi, classes, logger, registry }: OpenRolloutOptions,
): Promise<OpenRollout> {
  const { ROLLOUT_FILE: path, ROLLOUT_BY: by, ROLLOUT_ALLOWED_EXTRA_MS: allowedExtraMs } = settings;
  const hasWayBack = direct !== undefined;
  const log = createRolloutLog(logger, by);
  const changed = (wish: Wish) => rollout.ask(wish);
  const options = { log: logger, hasWayBack, changed };
  const file = path === undefined ? undefined : await followRolloutFile(path, options);
  const rollout: Rollout = new Rollout(file?.first ?? askedByEnvironment(settings, hasWayBack), {
    by,
    allowedExtraMs,
    hasWayBack,
    // a source of credentials that is slow at start is no fault to step back for
    isOpen: direct && executionApi.layer.isReady,
    listener: log,
    failures: {
      failed: (how) => log.failed(how),
      fellBack(how) {
        log.fellBack(how);
        fallbacks.fellBack(how.failure);
      },
    },
  });
  const fallbacks = rolloutMetrics(registry, rollout, () => file?.isFresh() ?? true);
  const timer = setInterval(() => rollout.look(), LOOK_MS).unref();
  const instead = direct && createRoute({ ...direct, witness: rollout.direct });
  const fresh = createRoute({ ...executionApi, instead, witness: rollout.executionApi });
  return {
    routeFor: chooseRoute(rollout.choice, instead ?? fresh, fresh, new Set(classes)),
    close() {
      clearInterval(timer);
      file?.close();
    },
  };
}

function askedByEnvironment(settings: Settings, hasWayBack: boolean): Wish {
  const { USE_API_GATEWAY_PERCENTAGE: percentage, USE_API_GATEWAY: isOn = !hasWayBack } = settings;
  return { percentage: percentage ?? (isOn ? 100 : 0), salt: DEFAULT_SALT, source: "environment" };
}
