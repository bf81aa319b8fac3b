/** What Prometheus learns of an upstream. */
import type { Metrics } from "@airlock/http";
import { Counter, Gauge, Histogram } from "prom-client";
import type { Pool } from "undici";
import { LANES, type LaneName } from "./timing.ts";

export function upstreamMetrics(
  registry: Metrics["registry"],
  pool: (lane: LaneName) => Pool,
  isOpen: () => boolean,
) {
  const registers = [registry];
  const states = ["connected", "free", "running", "pending", "queued"] as const;
  new Gauge({
    name: "upstream_pool",
    help: "Connections (connected, free) and requests (running, pending, queued) by lane.",
    labelNames: ["lane", "state"],
    registers,
    collect() {
      for (const lane of Object.keys(LANES) as LaneName[]) {
        const { stats } = pool(lane);
        for (const state of states) this.labels(lane, state).set(stats[state]);
      }
    },
  });
  new Gauge({
    name: "upstream_breaker_open",
    help: "1 while the upstream is not asked because it does not answer.",
    registers,
    collect() {
      this.set(isOpen() ? 1 : 0);
    },
  });
  return {
    calls: new Histogram({
      name: "upstream_call_duration_seconds",
      help: "Calls to the upstream, waits left out, by outcome: 2xx, 4xx, 5xx, connect, reset, timeout, late, broken, protocol, crowded, left.",
      labelNames: ["outcome"],
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25],
      registers,
    }),
    retries: new Counter({
      name: "upstream_retries_total",
      help: "Second attempts, after no connection was made or it was reset before the first byte.",
      registers,
    }),
    shared: new Counter({
      name: "upstream_shared_requests_total",
      help: "Requests answered by a call that another request had begun.",
      registers,
    }),
  };
}
