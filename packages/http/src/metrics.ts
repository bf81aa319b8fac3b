/** Prometheus metrics and the port of their own that serves them. */
import { createServer, type Server } from "node:http";
import type { CommonSettings } from "@airlock/config";
import { Gauge, Registry } from "prom-client";
import type { PlaceKind } from "./app-type.ts";
import { Latency } from "./latency.ts";

export interface Metrics {
  readonly registry: Registry;
  /** Rate, errors and duration of requests, in seconds: the one RED histogram. */
  readonly requestDuration: Latency;
  /**
   * Requests received and not yet answered, and those among them whose body is still arriving, or
   * that wait or stream (see waiting.ts): plain numbers, read when the metrics are.
   */
  readonly inFlight: { count: number; arriving: number } & Record<PlaceKind, number>;
}

/**
 * Ours are `airlock_…`, and none has a label that whoever scrapes sets (`service`, `job`,
 * `namespace`, `pod` …): it would be renamed to `exported_…`.
 */
export function createMetrics(build: Pick<CommonSettings, "VERSION" | "GIT_SHA">): Metrics {
  const registry = new Registry();
  const inFlight = { count: 0, arriving: 0, wait: 0, stream: 0, follow: 0, events: 0, tunnel: 0 };
  new Gauge({
    name: "airlock_build_info",
    help: "1, with the version and the commit that run.",
    labelNames: ["version", "git_sha"],
    registers: [registry],
  })
    .labels(build.VERSION, build.GIT_SHA)
    .set(1);
  new Gauge({
    name: "airlock_http_requests_in_flight",
    help: "Requests received and not yet answered.",
    registers: [registry],
    collect() {
      this.set(inFlight.count);
    },
  });
  new Gauge({
    name: "airlock_http_requests_waiting",
    help: "Those among them that wait for a change (wait), read an object for their client (stream), follow a log (follow) or the events of a job (events), or are tunnels (tunnel).",
    labelNames: ["kind"],
    registers: [registry],
    collect() {
      this.labels("wait").set(inFlight.wait);
      this.labels("stream").set(inFlight.stream);
      this.labels("follow").set(inFlight.follow);
      this.labels("events").set(inFlight.events);
      this.labels("tunnel").set(inFlight.tunnel);
    },
  });
  return {
    registry,
    requestDuration: new Latency({
      name: "airlock_http_request_duration_seconds",
      help: "Requests by method, route pattern and status.",
      labelNames: ["method", "route", "status"],
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registry,
    }),
    inFlight,
  };
}

/** `GET /metrics` and nothing else. Not for clients: the network policy admits the scraper only. */
export function createMetricsServer(registry: Registry): Server {
  return createServer((request, response) => {
    const path = request.url?.split("?")[0];
    if (path !== "/metrics" || (request.method !== "GET" && request.method !== "HEAD")) {
      response.writeHead(404, { "content-type": "text/plain" }).end("GET /metrics\n");
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { "content-type": registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
}
