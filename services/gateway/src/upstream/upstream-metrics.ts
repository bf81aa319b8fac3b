/** What Prometheus learns of the services behind, each under its name. */
import type { Metrics } from "@airlock/http";
import { Counter, Gauge, Histogram } from "prom-client";
import type { Lanes } from "./lanes.ts";

/** Made once for all upstreams of a process. */
export interface UpstreamMetrics {
  /** @param upstream a name for the label, such as `aux`. */
  of(upstream: string, watched: Watched): UpstreamCounts;
}

export interface Watched {
  readonly lanes: Lanes;
  isOpen(): boolean;
}

export interface UpstreamCounts {
  called(outcome: string, seconds: number): void;
  retried(): void;
  shared(): void;
}

export function createUpstreamMetrics(registry: Metrics["registry"]): UpstreamMetrics {
  const watched = new Map<string, Watched>();
  watchUpstreams(registry, watched);
  const registers = [registry];
  const calls = new Histogram({
    name: "airlock_upstream_call_duration_seconds",
    help: "Calls to an upstream, waits left out, by outcome: 2xx, 4xx, 5xx, connect, reset, timeout, late, broken, protocol, crowded, left.",
    labelNames: ["upstream", "outcome"],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25],
    registers,
  });
  const retries = new Counter({
    name: "airlock_upstream_retries_total",
    help: "Second attempts, after no connection was made or it was reset before the first byte.",
    labelNames: ["upstream"],
    registers,
  });
  const shared = new Counter({
    name: "airlock_upstream_shared_requests_total",
    help: "Requests answered by a call that another request had begun.",
    labelNames: ["upstream"],
    registers,
  });
  return {
    of(upstream, lanesAndBreaker) {
      watched.set(upstream, lanesAndBreaker);
      return {
        called: (outcome, seconds) => calls.labels(upstream, outcome).observe(seconds),
        retried: () => retries.labels(upstream).inc(),
        shared: () => shared.labels(upstream).inc(),
      };
    },
  };
}

function watchUpstreams(registry: Metrics["registry"], watched: ReadonlyMap<string, Watched>) {
  new Gauge({
    name: "airlock_upstream_connections",
    help: "Connections to an upstream by lane and state (busy, idle).",
    labelNames: ["upstream", "lane", "state"],
    registers: [registry],
    collect() {
      for (const [upstream, { lanes }] of watched) {
        for (const [lane, { pool }] of lanes.all()) {
          const { connected, free } = pool.stats;
          this.labels(upstream, lane, "busy").set(connected - free);
          this.labels(upstream, lane, "idle").set(free);
        }
      }
    },
  });
  new Gauge({
    name: "airlock_upstream_requests",
    help: "Requests to an upstream by lane and state: running, or waiting for a connection.",
    labelNames: ["upstream", "lane", "state"],
    registers: [registry],
    collect() {
      for (const [upstream, { lanes }] of watched) {
        for (const [lane, { pool }] of lanes.all()) {
          const { running, pending } = pool.stats;
          this.labels(upstream, lane, "running").set(running);
          this.labels(upstream, lane, "waiting").set(pending);
        }
      }
    },
  });
  new Gauge({
    name: "airlock_upstream_breaker_open",
    help: "1 while the upstream is not asked because it does not answer.",
    labelNames: ["upstream"],
    registers: [registry],
    collect() {
      for (const [upstream, { isOpen }] of watched) this.labels(upstream).set(isOpen() ? 1 : 0);
    },
  });
}
