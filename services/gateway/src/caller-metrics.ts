/** What Prometheus learns of callers: how each check ended. */
import type { Metrics } from "@airlock/http";
import type { CallerGuardOptions } from "@airlock/identity";
import { Counter } from "prom-client";

export function callerMetrics(
  registry: Metrics["registry"],
): NonNullable<CallerGuardOptions["observe"]> {
  const checks = new Counter({
    name: "airlock_caller_auth_checks_total",
    help: "Checks of callers by outcome: verified, or the reason of the refusal.",
    labelNames: ["outcome"],
    registers: [registry],
  });
  return (outcome) => checks.labels(outcome).inc();
}
