/** What Prometheus learns of the rollout. */
import type { Metrics } from "@airlock/http";
import { Counter, Gauge } from "prom-client";
import type { RouteFailure } from "../upstream/upstream.ts";
import { GATES } from "./gates.ts";
import type { Rollout } from "./rollout.ts";

export interface RolloutCounts {
  fellBack(failure: RouteFailure["failure"]): void;
}

/** @param isFresh of the rollout file. */
export function rolloutMetrics(
  registry: Metrics["registry"],
  rollout: Rollout,
  isFresh: () => boolean,
): RolloutCounts {
  const registers = [registry];
  new Counter({
    name: "airlock_rollout_requests_total",
    help: "Requests that could take either route, by the one that they took: direct or execution-api.",
    labelNames: ["route"],
    registers,
    collect() {
      const { direct, executionApi } = rollout.choice.taken;
      this.reset();
      this.labels("direct").inc(direct);
      this.labels("execution-api").inc(executionApi);
    },
  });
  new Counter({
    name: "airlock_rollout_failures_total",
    help: "Calls that the gates count against a route: no answer, a 5xx, a refusal by API Gateway, or a 404 or 405 of somebody else.",
    labelNames: ["route"],
    registers,
    collect() {
      const { direct, executionApi } = rollout.failures;
      this.reset();
      this.labels("direct").inc(direct);
      this.labels("execution-api").inc(executionApi);
    },
  });
  new Gauge({
    name: "airlock_rollout_percentage",
    help: "How many of a hundred requests are to take the execution API: asked for, and in use, which is 0 after a step back.",
    labelNames: ["state"],
    registers,
    collect() {
      this.labels("asked").set(rollout.wish.percentage);
      this.labels("in_use").set(rollout.choice.percentage);
    },
  });
  new Gauge({
    name: "airlock_rollout_gate_share",
    help: "What each gate saw at its last look, as the lower bound of a confidence interval: the share of calls that fail (break), of calls that fail beyond those of the direct route (drift), of requests slower than 95 of its 100 (slow). It fails above 0.1, 0.005, 0.1.",
    labelNames: ["gate"],
    registers,
    collect() {
      for (const gate of GATES) this.labels(gate).set(rollout.seen[gate]);
    },
  });
  new Gauge({
    name: "airlock_rollout_stepped_back",
    help: "1 for the gate by which this process has stepped back; it stays at 0 % until the rollout file changes.",
    labelNames: ["gate"],
    registers,
    collect() {
      for (const gate of GATES) this.labels(gate).set(rollout.verdict?.gate === gate ? 1 : 0);
    },
  });
  new Gauge({
    name: "airlock_rollout_file_fresh",
    help: "1 while the rollout in use is what is asked for; 0 while the rollout file cannot be used.",
    registers,
    collect() {
      this.set(isFresh() ? 1 : 0);
    },
  });
  const fallbacks = new Counter({
    name: "airlock_rollout_fallbacks_total",
    help: "Requests that the execution API gave no answer and that aux answered directly, by failure: connect, credentials, reset, timeout, open.",
    labelNames: ["failure"],
    registers,
  });
  return { fellBack: (failure) => fallbacks.labels(failure).inc() };
}
