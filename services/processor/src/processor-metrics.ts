/** What Prometheus learns of loops, orders, steps, starts, snapshots, calls to the cluster and pods that no job has. */
import type { Metrics } from "@airlock/http";
import { Counter, Gauge, Histogram } from "prom-client";
import type { CallRecord } from "./cluster/index.ts";
import { LOOPS, type LoopName, type ProcessorOptions } from "./processor.ts";

type Observed = Required<
  Pick<
    ProcessorOptions,
    | "onOrders"
    | "onStep"
    | "onSweep"
    | "onActive"
    | "onStarts"
    | "onDiskStep"
    | "onSnapshot"
    | "onRound"
  >
>;

export interface ProcessorMetrics extends Observed {
  readonly onCall: (record: CallRecord) => void;
}

/** From seconds to the two days after which a job that waits is cancelled. */
const WAIT_BUCKETS = [5, 30, 120, 600, 1800, 7200, 21_600, 86_400];

/** @param now milliseconds of a clock that never goes back. */
export function processorMetrics(
  { registry }: Metrics,
  now: () => number = () => performance.now(),
): ProcessorMetrics {
  const registers = [registry];
  // of a loop that never gets to its end the age counts from here: it is seen as soon as it is late
  const rounds = new Map<LoopName, number>(LOOPS.map((loop) => [loop, now()]));
  new Gauge({
    name: "airlock_processor_round_age_seconds",
    help: "Seconds since each loop of this processor last came to its end; since it was started, where that never was.",
    labelNames: ["loop"],
    registers,
    collect() {
      for (const [loop, at] of rounds) this.labels(loop).set((now() - at) / 1000);
    },
  });
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
  const delays = new Histogram({
    name: "airlock_job_start_delay_seconds",
    help: "How long jobs took to start, by type and part: from submission to a node (node), which is a placement, and from there until they run (pod).",
    labelNames: ["gpu_type", "part"],
    buckets: WAIT_BUCKETS,
    registers,
  });
  const errors = new Histogram({
    name: "airlock_job_start_error_seconds",
    help: "Difference between the median of the predicted start and the moment that a job got its node, by type and side (early, late).",
    labelNames: ["gpu_type", "side"],
    buckets: WAIT_BUCKETS,
    registers,
  });
  const promises = new Counter({
    name: "airlock_job_start_promises_total",
    help: "Jobs that were told when they start, by what held: the earlier moment (p50), the later one (p90), or none.",
    labelNames: ["held"],
    registers,
  });
  const unknown = new Gauge({
    name: "airlock_unknown_pods",
    help: "Pods of jobs that the database does not know, when this processor looked last.",
    registers,
  });
  const orphans = new Counter({
    name: "airlock_orphan_pods_total",
    help: "Pods that no job had any more, and that were removed.",
    registers,
  });
  return {
    onOrders: (action, outcome, count) => orders.labels(action, outcome).inc(count),
    onStep: (step, outcome) => steps.labels(step, outcome).inc(),
    onDiskStep: (step, outcome) => diskSteps.labels(step, outcome).inc(),
    onSnapshot: (outcome) => snapshots.labels(outcome).inc(),
    onActive: (gpuType, seconds) => delays.labels(gpuType, "pod").observe(seconds),
    onStarts(starts) {
      for (const { gpu_type, waited_seconds, late_seconds: late, held } of starts) {
        delays.labels(gpu_type, "node").observe(waited_seconds);
        if (late === null || held === null) continue;
        errors.labels(gpu_type, late > 0 ? "late" : "early").observe(Math.abs(late));
        promises.labels(held).inc();
      }
    },
    onSweep({ removed, unknown: count }) {
      unknown.set(count);
      orphans.inc(removed);
    },
    onRound: (loop) => rounds.set(loop, now()),
    onCall: ({ verb, kind, outcome, tookMs }) =>
      calls.labels(verb, kind, outcome).observe(tookMs / 1000),
  };
}
