/** What Prometheus learns of the policy: whether the one in use is what the file says. */
import type { Metrics } from "@airlock/http";
import { Gauge } from "prom-client";
import type { PolicyFile } from "./policy-file.ts";

export function policyMetrics(registry: Metrics["registry"], file: PolicyFile): void {
  new Gauge({
    name: "airlock_policy_fresh",
    help: "1 while the policy in use is the file's; 0 while the file cannot be used.",
    registers: [registry],
    collect() {
      this.set(file.isFresh() ? 1 : 0);
    },
  });
}
