/** The service behind the gateway: pools of connections with retry, breaker and fresh DNS. */
import type { ProblemError } from "@airlock/contract";
import type { Logger, Metrics } from "@airlock/http";
import { Breaker } from "./breaker.ts";
import { type Answer, type Exchange, exchange, type Method } from "./exchange.ts";
import { crowded, failureOf, unavailable } from "./failures.ts";
import { createLanes } from "./lanes.ts";
import { RetryBudget } from "./retry-budget.ts";
import { QUEUE_MS, TIMINGS, type Timing } from "./timing.ts";
import { upstreamMetrics } from "./upstream-metrics.ts";

const PROBE_MS = 900;

export interface UpstreamRequest {
  readonly method: Method;
  /** Built from checked parts only. */
  readonly path: string;
  /** Sent with a POST. */
  readonly body?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly timing: Timing;
  /** Bodies up to this size are collected, larger ones streamed. */
  readonly bufferBytes: number;
}

export interface Upstream {
  /** Why nothing should be sent now, nor waited for; undefined when all is well. */
  refusal(timing: Timing): ProblemError | undefined;
  /** Calls the upstream, with one retry where that is safe. */
  send(request: UpstreamRequest): Exchange;
  /** Tells how a client's request ended; see Breaker. */
  requestEnded(answered: boolean): void;
  /** Counts a request that another one's call answered. */
  requestShared(): void;
  close(): Promise<void>;
}

export interface UpstreamDeps {
  readonly logger: Logger;
  readonly registry: Metrics["registry"];
}

/** @param url where the upstream is; a path in it is put before every request's path. */
export function createUpstream(url: string, { logger, registry }: UpstreamDeps): Upstream {
  const location = new URL(url);
  const { pathname, hostname } = location;
  const prefix = pathname === "/" ? "" : pathname;
  const budget = new RetryBudget();
  const lanes = createLanes(location, logger);

  const breaker = new Breaker({
    probe: async () => {
      const limits = { headersLimitMs: PROBE_MS, queueLimitMs: PROBE_MS, bufferBytes: 65_536 };
      const { pool, queue } = lanes.of("short");
      const asked = { method: "GET", path: `${prefix}/livez`, headers: {} } as const;
      await exchange(pool, { ...asked, queue, ...limits }).answer;
    },
    onChange: (isOpen, reason) =>
      logger[isOpen ? "error" : "info"](
        { upstream: hostname, reason },
        isOpen ? "breaker opened" : "breaker closed",
      ),
  });
  const metrics = upstreamMetrics(
    registry,
    (lane) => lanes.of(lane).pool,
    () => breaker.isOpen,
  );

  const attempt = ({ timing, ...request }: UpstreamRequest): Exchange => {
    const startedAt = performance.now();
    const { lane, headersLimitMs } = TIMINGS[timing];
    const { pool, queue } = lanes.of(lane);
    const path = prefix + request.path;
    const limits = { headersLimitMs, queueLimitMs: QUEUE_MS };
    const one = exchange(pool, { ...request, ...limits, path, queue });
    if (timing === "wait") return one;
    const observe = (outcome: string) =>
      metrics.calls.labels(outcome).observe((performance.now() - startedAt) / 1000);
    one.answer.then(
      ({ status }) => observe(`${Math.floor(status / 100)}xx`),
      (error) => observe(one.wasAborted() ? "left" : failureOf(error)),
    );
    return one;
  };

  return {
    refusal(timing) {
      if (breaker.isOpen) return unavailable();
      const { queue, maxQueued } = lanes.of(TIMINGS[timing].lane);
      return queue.length >= maxQueued ? crowded() : undefined;
    },
    send(request) {
      budget.earn();
      let current = attempt(request);
      let aborted: Error | undefined;
      const answer = current.answer.catch((error: unknown): Promise<Answer> => {
        const failure = failureOf(error);
        if (failure === "connect") breaker.connectFailed();
        const isSafe = failure === "connect" || (failure === "reset" && request.method !== "POST");
        if (aborted || !isSafe || breaker.isOpen || !budget.spend()) throw error;
        metrics.retries.inc();
        current = attempt(request);
        return current.answer.catch((second: unknown) => {
          if (failureOf(second) === "connect") breaker.connectFailed();
          throw second;
        });
      });
      return {
        answer,
        wasAborted: () => aborted !== undefined,
        abort(reason) {
          aborted = reason;
          current.abort(reason);
        },
      };
    },
    requestEnded: (answered) => breaker.requestEnded(answered),
    requestShared: () => metrics.shared.inc(),
    async close() {
      breaker.stop();
      await lanes.close();
    },
  };
}
