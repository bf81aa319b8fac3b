/** The service behind the gateway: a pool of connections with retry, breaker and fresh DNS. */
import { isIP } from "node:net";
import type { ProblemError } from "@airlock/contract";
import type { Logger, Metrics } from "@airlock/http";
import { Pool } from "undici";
import { Breaker } from "./breaker.ts";
import { type Answer, type Exchange, exchange } from "./exchange.ts";
import { crowded, failureOf, unavailable } from "./failures.ts";
import { Resolver } from "./resolver.ts";
import { RetryBudget } from "./retry-budget.ts";
import { CONNECT_MS, QUEUE_MS, TIMINGS, type Timing } from "./timing.ts";
import { upstreamMetrics } from "./upstream-metrics.ts";

/** More than the 70 places of one aux, so that it is aux that says when it is full. */
const CONNECTIONS = 128;
/** Requests that may wait for a connection; one more is refused at once. */
const MAX_QUEUED = 384;
/** Shorter than the 72 s after which the upstream closes an idle connection. */
const IDLE_MS = 30_000;
/** A body may pause this long. */
const BODY_PAUSE_MS = 5000;
const PROBE_MS = 900;

export interface UpstreamRequest {
  /** Built from checked parts only. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timing: Timing;
  /** Bodies up to this size are collected, larger ones streamed. */
  readonly bufferBytes: number;
}

export interface Upstream {
  /** Why nothing should be sent now, nor waited for; undefined when all is well. */
  refusal(): ProblemError | undefined;
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
  const { origin, pathname, hostname } = new URL(url);
  const prefix = pathname === "/" ? "" : pathname;
  const budget = new RetryBudget();
  const queue = { length: 0 };

  const newPool = () =>
    new Pool(origin, {
      connections: CONNECTIONS,
      pipelining: 1,
      keepAliveTimeout: IDLE_MS,
      headersTimeout: 0, // the exchange has a timer of its own, exact to the millisecond
      bodyTimeout: BODY_PAUSE_MS,
      connect: { timeout: CONNECT_MS, ...(resolver && { lookup: resolver.lookup }) },
    });
  const resolver = isIP(hostname.replace(/^\[|\]$/g, ""))
    ? undefined
    : new Resolver(hostname, () => {
        logger.info({ upstream: hostname }, "the upstream's addresses changed");
        const old = pool;
        pool = newPool();
        void old.close(); // answers under way are finished first
      });
  let pool = newPool();

  const breaker = new Breaker({
    probe: async () => {
      const limits = { headersLimitMs: PROBE_MS, queueLimitMs: PROBE_MS, bufferBytes: 65_536 };
      await exchange(pool, { path: `${prefix}/livez`, headers: {}, queue, ...limits }).answer;
    },
    onChange: (isOpen, reason) =>
      logger[isOpen ? "error" : "info"](
        { upstream: hostname, reason },
        isOpen ? "breaker opened" : "breaker closed",
      ),
  });
  const metrics = upstreamMetrics(
    registry,
    () => pool,
    () => breaker.isOpen,
  );

  const attempt = ({ path, headers, timing, bufferBytes }: UpstreamRequest): Exchange => {
    const startedAt = performance.now();
    const one = exchange(pool, {
      path: prefix + path,
      headers,
      bufferBytes,
      headersLimitMs: TIMINGS[timing].headersLimitMs,
      queueLimitMs: QUEUE_MS,
      queue,
    });
    const observe = (outcome: string) =>
      metrics.calls.labels(outcome).observe((performance.now() - startedAt) / 1000);
    one.answer.then(
      ({ status }) => observe(`${Math.floor(status / 100)}xx`),
      (error) => observe(one.wasAborted() ? "left" : failureOf(error)),
    );
    return one;
  };

  return {
    refusal() {
      if (breaker.isOpen) return unavailable();
      return queue.length >= MAX_QUEUED ? crowded() : undefined;
    },
    send(request) {
      budget.earn();
      let current = attempt(request);
      let aborted: Error | undefined;
      const answer = current.answer.catch((error: unknown): Promise<Answer> => {
        const failure = failureOf(error);
        if (failure === "connect") breaker.connectFailed();
        const isSafe = failure === "connect" || failure === "reset";
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
      resolver?.stop();
      await pool.close();
    },
  };
}
