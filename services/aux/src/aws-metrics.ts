/** What Prometheus learns of AWS: calls by outcome, the queues, seconds until the session expires. */
import type { Aws, ObserveCall } from "@airlock/aws";
import type { Metrics } from "@airlock/http";
import { Gauge, Histogram } from "prom-client";

export function awsMetrics(registry: Metrics["registry"]): {
  observeCall: ObserveCall;
  /** Shows the session and the queues; call once. */
  observeState(aws: Aws): void;
} {
  const calls = new Histogram({
    name: "aws_call_duration_seconds",
    help: "Calls to AWS by operation and outcome (ok, left, or the problem code).",
    labelNames: ["operation", "outcome"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25],
    registers: [registry],
  });
  return {
    observeCall: (operation, outcome, seconds) => calls.labels(operation, outcome).observe(seconds),
    observeState({ session, queues }) {
      new Gauge({
        name: "aws_queue_calls",
        help: "Calls to a service of AWS that are running and that wait for a place.",
        labelNames: ["service", "state"],
        registers: [registry],
        collect() {
          for (const [service, { running, waiting }] of Object.entries(queues)) {
            this.labels(service, "running").set(running);
            this.labels(service, "waiting").set(waiting);
          }
        },
      });
      new Gauge({
        name: "aws_session_expires_in_seconds",
        help: "Seconds until the AWS session expires; 0 without one.",
        registers: [registry],
        collect() {
          this.set(session.secondsLeft());
        },
      });
    },
  };
}
