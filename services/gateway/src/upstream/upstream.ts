/** A service behind the gateway: pools of connections with retry, breaker and fresh DNS. */
import type { ProblemError } from "@airlock/contract";
import type { Logger } from "@airlock/http";
import { Breaker } from "./breaker.ts";
import { type Answer, type Exchange, exchange, type Method } from "./exchange.ts";
import { answeredInTime, crowded, type Failure, failureOf, unavailable } from "./failures.ts";
import { createLanes } from "./lanes.ts";
import { RetryBudget } from "./retry-budget.ts";
import { type Limits, QUEUE_MS, TIMINGS, type Timing } from "./timing.ts";
import type { UpstreamMetrics } from "./upstream-metrics.ts";

const PROBE_MS = 900;

/** When a request may be sent again. */
export type Retry = "unanswered" | "unsent" | "never";

const RETRIED: Readonly<Record<Retry, readonly Failure[]>> = {
  /** Also when it may have been carried out: for what changes nothing, or changes it once. */
  unanswered: ["connect", "reset"],
  /** When no byte of it can have arrived. */
  unsent: ["connect"],
  never: [],
};

export interface UpstreamRequest {
  readonly method: Method;
  /** Built from checked parts only. */
  readonly path: string;
  readonly body?: string | Buffer | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly timing: Timing;
  /** Bodies up to this size are collected, larger ones streamed. */
  readonly bufferBytes: number;
  readonly retry: Retry;
}

export interface Upstream {
  /** Why nothing should be sent now, nor waited for; undefined when all is well. */
  refusal(timing: Timing): ProblemError | undefined;
  /** Calls the upstream, with one retry where that is safe; the breaker is told once how it ended. */
  send(request: UpstreamRequest): Exchange;
  /** Counts a request that another one's call answered. */
  requestShared(): void;
  close(): Promise<void>;
}

export interface UpstreamDeps {
  readonly logger: Logger;
  readonly metrics: UpstreamMetrics;
}

/**
 * @param name for log and metrics, such as `aux`.
 * @param url where the upstream is; a path in it is put before every request's path.
 */
export function createUpstream(name: string, url: string, deps: UpstreamDeps): Upstream {
  const { logger } = deps;
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
        { upstream: name, host: hostname, reason },
        isOpen ? "breaker opened" : "breaker closed",
      ),
  });
  const metrics = deps.metrics.of(name, { lanes, isOpen: () => breaker.isOpen });

  const attempt = ({ timing, ...request }: UpstreamRequest): Exchange => {
    const startedAt = performance.now();
    const { lane, headersLimitMs } = TIMINGS[timing];
    const { pool, queue } = lanes.of(lane);
    const path = prefix + request.path;
    const limits = { headersLimitMs, queueLimitMs: QUEUE_MS };
    const one = exchange(pool, { ...request, ...limits, path, queue });
    if (timing === "wait") return one;
    const observe = (outcome: string) =>
      metrics.called(outcome, (performance.now() - startedAt) / 1000);
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
      const { tells }: Limits = TIMINGS[request.timing];
      const answered = (found: Answer): Answer => {
        if (tells !== "nothing") breaker.callEnded(true);
        return found;
      };
      const failed = (error: unknown): never => {
        const isAnswered = tells ? undefined : answeredInTime(error);
        if (isAnswered !== undefined) breaker.callEnded(isAnswered);
        throw error;
      };
      const answer = current.answer.then(answered, (error: unknown): Promise<Answer> => {
        const failure = failureOf(error);
        if (failure === "connect") breaker.connectFailed();
        const isSafe = RETRIED[request.retry].includes(failure);
        if (aborted || !isSafe || breaker.isOpen || !budget.spend()) return failed(error);
        metrics.retried();
        current = attempt(request);
        return current.answer.then(answered, (second: unknown) => {
          if (failureOf(second) === "connect") breaker.connectFailed();
          return failed(second);
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
    requestShared: () => metrics.shared(),
    async close() {
      breaker.stop();
      await lanes.close();
    },
  };
}
