/** What Prometheus learns of GPUs and of those who wait for them: what the look says that starts jobs. */
import type { Metrics } from "@airlock/http";
import { type TypeView, typeAvailabilityOf } from "@airlock/jobs-store";
import { Gauge } from "prom-client";
import { freshly } from "./freshly.ts";

/** Shows them whenever the metrics are read. Call it once. */
export function observeCluster(
  { registry }: Metrics,
  views: () => Promise<readonly TypeView[]>,
): void {
  const ask = freshly(views);
  const read = async () => (await ask()) ?? [];
  const registers = [registry];
  new Gauge({
    name: "airlock_cluster_gpus",
    help: "GPUs (slots, of types without) by type and state: all (total), of jobs (in_use), free for jobs (available), waited for (queued).",
    labelNames: ["gpu_type", "state"],
    registers,
    async collect() {
      this.reset();
      for (const view of await read()) {
        const { total, in_use, available, queued } = typeAvailabilityOf(view);
        for (const [state, count] of Object.entries({ total, in_use, available, queued })) {
          this.labels(view.gpuType, state).set(count);
        }
      }
    },
  });
  new Gauge({
    name: "airlock_jobs_waiting",
    help: "Jobs that wait for a node, by type and by the code of the reason that explain tells.",
    labelNames: ["gpu_type", "reason"],
    registers,
    async collect() {
      this.reset();
      for (const { gpuType, outlooks } of await read()) {
        for (const { reason } of outlooks.values()) this.labels(gpuType, reason.code).inc();
      }
    },
  });
  new Gauge({
    name: "airlock_jobs_longest_wait_seconds",
    help: "Since when the job of a type waits that has waited longest; 0 when none does.",
    labelNames: ["gpu_type"],
    registers,
    async collect() {
      this.reset();
      for (const { gpuType, row, outlooks } of await read()) {
        const waits = [...outlooks.values()].map(({ job }) => row.now_ms - job.created_at_ms);
        this.labels(gpuType).set(Math.max(0, ...waits) / 1000);
      }
    },
  });
}
