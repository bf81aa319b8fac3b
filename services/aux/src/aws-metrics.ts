/** What Prometheus learns of AWS: calls by outcome, reads by cache state, queues, budget and session. */
import type { Aws, ObserveCall, ObserveRead } from "@airlock/aws";
import { awsCallMetrics, type Metrics } from "@airlock/http";
import { Counter, Gauge } from "prom-client";

export function awsMetrics(registry: Metrics["registry"]): {
  observeCall: ObserveCall;
  observeRead: ObserveRead;
  /** Shows the session and the queues; call once. */
  observeState(aws: Aws): void;
} {
  const reads = new Counter({
    name: "airlock_aws_cache_reads_total",
    help: "Reads by kind, and where the answer came from: hit, miss, stale or bypass; that there is none is an answer, too.",
    labelNames: ["kind", "state"],
    registers: [registry],
  });
  return {
    observeRead: (kind, state) => reads.labels(kind, state).inc(),
    observeCall: awsCallMetrics({ registry }),
    observeState({ session, queues, budgets }) {
      new Gauge({
        name: "airlock_aws_queue_calls",
        help: "Calls to a service of AWS by class, that are running and that wait for a place.",
        labelNames: ["aws", "lane", "state"],
        registers: [registry],
        collect() {
          for (const [service, { lanes }] of Object.entries(queues)) {
            for (const [lane, { running, waiting }] of lanes) {
              this.labels(service, lane, "running").set(running);
              this.labels(service, lane, "waiting").set(waiting);
            }
          }
        },
      });
      new Gauge({
        name: "airlock_aws_ssm_budget_calls_per_second",
        help: "How often this process lets itself call SSM for values and for lists; halved by throttling, then growing back.",
        labelNames: ["budget"],
        registers: [registry],
        collect() {
          for (const [name, { perSecond }] of Object.entries(budgets)) {
            this.labels(name).set(perSecond);
          }
        },
      });
      new Gauge({
        name: "airlock_aws_ssm_budget_waiting_calls",
        help: "Calls to SSM that wait for their turn, by budget.",
        labelNames: ["budget"],
        registers: [registry],
        collect() {
          for (const [name, { waiting }] of Object.entries(budgets)) {
            this.labels(name).set(waiting);
          }
        },
      });
      new Gauge({
        name: "airlock_aws_session_failed_refreshes",
        help: "Attempts in a row that did not renew the AWS session; 0 when the last one did.",
        registers: [registry],
        collect() {
          this.set(session.report().refresh_failures);
        },
      });
      new Gauge({
        name: "airlock_aws_session_expires_in_seconds",
        help: "Seconds until the AWS session expires; 0 without one that AWS takes.",
        registers: [registry],
        collect() {
          this.set(session.secondsLeft());
        },
      });
    },
  };
}
