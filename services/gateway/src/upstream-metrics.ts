/** What Prometheus learns of the services behind, each under its name. */
import { countWords, Latency, type Metrics } from "@airlock/http";
import { Counter, Gauge } from "prom-client";
import type { Upstream } from "./upstream/call.ts";
import type { Outcome } from "./upstream/failures.ts";

/** Made once for all upstreams of a process. */
export interface UpstreamMetrics {
  /** @param upstream a name for the label, such as `aux`. */
  of(upstream: string, watched: Watched): Upstream["counts"];
}

export interface Watched extends Pick<Upstream, "lanes"> {
  isOpen(): boolean;
}

type LaneStats = NonNullable<ReturnType<Watched["lanes"]["value"]["stats"]>>;
type States = Readonly<Record<string, number>>;

/** Words of AWS's that are a label of a metric by themselves; all others are `other`. */
const COUNTED: ReadonlySet<string> = new Set([
  "AccessDeniedException",
  "ExpiredTokenException",
  "ForbiddenException",
  "IncompleteSignatureException",
  "InternalServerErrorException",
  "InvalidSignatureException",
  "LimitExceededException",
  "MissingAuthenticationTokenException",
  "TooManyRequestsException",
  "UnrecognizedClientException",
]);

const countedType = (errorType: string): string => (COUNTED.has(errorType) ? errorType : "other");

export function createUpstreamMetrics(registry: Metrics["registry"]): UpstreamMetrics {
  const watched = new Map<string, Watched>();
  watchUpstreams(registry, watched);
  const registers = [registry];
  const calls = new Latency({
    name: "airlock_upstream_call_duration_seconds",
    help: "Calls to an upstream, waits left out, by outcome: 2xx, 3xx, 4xx, 5xx, connect, reset, timeout, late, broken, protocol, crowded, greedy, credentials, left.",
    labelNames: ["upstream", "outcome"],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25],
    registry,
  });
  const retries = new Counter({
    name: "airlock_upstream_retries_total",
    help: "Second attempts, after no connection was made or it was reset before the first byte.",
    labelNames: ["upstream"],
    registers,
  });
  const refused = new Counter({
    name: "airlock_upstream_refused_by_aws_total",
    help: "Calls that AWS answered by itself in front of the upstream, by its word for it, or other.",
    labelNames: ["upstream", "error_type"],
    registers,
  });
  const shared = countWords(registry, {
    name: "airlock_upstream_shared_requests_total",
    help: "Requests answered by a call that another request had begun.",
    label: "upstream",
  });
  return {
    of(upstream, lanesAndBreaker) {
      watched.set(upstream, lanesAndBreaker);
      return {
        calls: {
          "1xx": calls.of(upstream, "1xx"),
          "2xx": calls.of(upstream, "2xx"),
          "3xx": calls.of(upstream, "3xx"),
          "4xx": calls.of(upstream, "4xx"),
          "5xx": calls.of(upstream, "5xx"),
          crowded: calls.of(upstream, "crowded"),
          greedy: calls.of(upstream, "greedy"),
          credentials: calls.of(upstream, "credentials"),
          connect: calls.of(upstream, "connect"),
          reset: calls.of(upstream, "reset"),
          timeout: calls.of(upstream, "timeout"),
          late: calls.of(upstream, "late"),
          broken: calls.of(upstream, "broken"),
          protocol: calls.of(upstream, "protocol"),
          left: calls.of(upstream, "left"),
        } satisfies Record<Outcome, unknown>,
        refused: (errorType) => refused.labels(upstream, countedType(errorType)).inc(),
        retried: () => retries.labels(upstream).inc(),
        shared: () => shared(upstream),
      };
    },
  };
}

function watchUpstreams(registry: Metrics["registry"], watched: ReadonlyMap<string, Watched>) {
  const ofLanes = (name: string, help: string, statesOf: (stats: LaneStats) => States) =>
    new Gauge({
      name,
      help,
      labelNames: ["upstream", "lane", "state"],
      registers: [registry],
      collect() {
        for (const [upstream, { lanes }] of watched) {
          for (const [laneName, lane] of Object.entries(lanes)) {
            const stats = lane.stats();
            if (!stats) continue;
            for (const [state, count] of Object.entries(statesOf(stats))) {
              this.labels(upstream, laneName, state).set(count);
            }
          }
        }
      },
    });
  ofLanes(
    "airlock_upstream_connections",
    "Connections to an upstream by lane and state (busy, idle).",
    ({ busy, idle }) => ({ busy, idle }),
  );
  ofLanes(
    "airlock_upstream_requests",
    "Requests to an upstream by lane and state: running, or waiting for a connection.",
    ({ running, waiting }) => ({ running, waiting }),
  );
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
