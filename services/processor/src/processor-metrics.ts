/** What Prometheus learns of orders, steps, snapshots, calls to the cluster and pods that nobody knows. */
import type { Metrics } from "@airlock/http";
import { Counter, Gauge, Histogram } from "prom-client";
import type { CallRecord } from "./cluster/index.ts";
import type { ProcessorOptions } from "./processor.ts";

type Observed = Required<
  Pick<ProcessorOptions, "onOrders" | "onStep" | "onUnknownPods" | "onDiskStep" | "onSnapshot">
>;

export interface ProcessorMetrics extends Observed {
  readonly onCall: (record: CallRecord) => void;
}

export function processorMetrics({ registry }: Metrics): ProcessorMetrics {
  const registers = [registry];
  const orders = new Counter({
    name: "airlock_orders_total",
    help: "Orders by action and outcome (done, faulted, dead, lost).",
    labelNames: ["action", "outcome"],
    registers,
  });
  const steps = new Counter({
    name: "airlock_job_steps_total",
    help: "Steps of jobs by kind and outcome (done, faulted, lost).",
    labelNames: ["step", "outcome"],
    registers,
  });
  const diskSteps = new Counter({
    name: "airlock_disk_steps_total",
    help: "Steps of disks by kind and outcome (done, faulted, lost).",
    labelNames: ["step", "outcome"],
    registers,
  });
  const snapshots = new Counter({
    name: "airlock_disk_snapshots_total",
    help: "Snapshots of disks by outcome (ready, failed).",
    labelNames: ["outcome"],
    registers,
  });
  const calls = new Histogram({
    name: "airlock_kubernetes_call_duration_seconds",
    help: "Calls to the API server by verb, kind and outcome; of a watch or a log, until it begins.",
    labelNames: ["verb", "kind", "outcome"],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers,
  });
  const unknown = new Gauge({
    name: "airlock_unknown_pods",
    help: "Pods of jobs that the database does not know, when this processor looked last.",
    registers,
  });
  return {
    onOrders: (action, outcome, count) => orders.labels(action, outcome).inc(count),
    onStep: (step, outcome) => steps.labels(step, outcome).inc(),
    onDiskStep: (step, outcome) => diskSteps.labels(step, outcome).inc(),
    onSnapshot: (outcome) => snapshots.labels(outcome).inc(),
    onUnknownPods: (count) => unknown.set(count),
    onCall: ({ verb, kind, outcome, tookMs }) =>
      calls.labels(verb, kind, outcome).observe(tookMs / 1000),
  };
}
