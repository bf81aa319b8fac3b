/** What Prometheus learns of calls to AWS, whichever service makes them. */
import { Histogram } from "prom-client";
import type { Metrics } from "./metrics.ts";

/**
 * @returns what counts a call: `operation` such as `s3.GetObject`, `outcome` a word of a closed list.
 */
export function awsCallMetrics({
  registry,
}: Pick<Metrics, "registry">): (operation: string, outcome: string, seconds: number) => void {
  const calls = new Histogram({
    name: "airlock_aws_call_duration_seconds",
    help: "Calls to AWS by service (s3, ssm, sts), operation and outcome: ok, left, or why there was no answer.",
    labelNames: ["aws", "operation", "outcome"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25],
    registers: [registry],
  });
  return (operation, outcome, seconds) => {
    const [aws = "", name = ""] = operation.split(".");
    calls.labels(aws, name, outcome).observe(seconds);
  };
}
