/** What Prometheus learns of the session that signs the calls to the execution API. */
import type { Metrics } from "@airlock/http";
import type { ExecutionPresenter } from "@airlock/identity";
import { Gauge } from "prom-client";

export function watchSession(registry: Metrics["registry"], layer: ExecutionPresenter): void {
  new Gauge({
    name: "airlock_aws_session_failed_refreshes",
    help: "Attempts in a row that did not renew the AWS session; 0 when the last one did.",
    registers: [registry],
    collect() {
      this.set(layer.failures());
    },
  });
  new Gauge({
    name: "airlock_aws_session_expires_in_seconds",
    help: "Seconds until the AWS session expires; 0 without one that AWS takes.",
    registers: [registry],
    collect() {
      this.set(layer.secondsLeft());
    },
  });
}
