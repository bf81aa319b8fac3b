/** A service behind the gateway: its lanes, its breaker, where it is, and the routes to it. */
import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";
import type { Logger } from "@airlock/http";
import type { LayerPresenter, Signing } from "@airlock/identity";
import type { FastifyRequest } from "fastify";
import { connectorWith, type Lookup, Resolver } from "../resolver.ts";
import type { UpstreamMetrics } from "../upstream-metrics.ts";
import { Breaker, RetryBudget } from "./breaker.ts";
import { Call, type CallRequest, type Upstream } from "./call.ts";
import { type ClassName, LANES, type LaneName } from "./classes.ts";
import type { Failure } from "./failures.ts";
import { Lane } from "./lane.ts";
import { Shares } from "./share.ts";

export interface OpenUpstream extends Upstream {
  /** Where its connections go that are no calls. */
  readonly origin: string;
  /** Undefined for an address. */
  readonly lookup: Lookup | undefined;
  /** Ends its connections once their answers are whole. */
  close(): Promise<void>;
}

/** By which way a request reaches a service: straight, or by the execution API. */
export interface Route {
  readonly name: "direct" | "execution-api";
  readonly upstream: Upstream;
  /** Proves to the upstream who is asking, and names the caller; undefined sends no proof. */
  readonly layer: LayerPresenter | undefined;
  /** Who waits for the same by this route. */
  readonly shares: Shares;
  /** Where that goes on which it cannot have carried out. */
  readonly instead?: Route | undefined;
  readonly witness?: Witness | undefined;
}

/** @param name the request's class; `wait` where it waits for a change. */
export type RouteFor = (request: FastifyRequest, name: ClassName) => Route;

/** Is told how a route fares, once for each call. */
export interface Witness {
  succeeded(name: ClassName, tookMs: number): void;
  failed(how: RouteFailure): void;
  /** Its client gave it up: so long it takes at least. */
  left(name: ClassName, afterMs: number): void;
  /** A request goes on by the other route. */
  fellBack(how: RouteFailure): void;
}

export interface RouteFailure {
  /** `answer`: one that tells against the route. `open`: its breaker is. */
  readonly failure: Failure | "answer" | "open";
  readonly requestId: string;
  /** Of an answer. */
  readonly status?: number;
  readonly headers?: IncomingHttpHeaders;
}

export interface UpstreamDeps {
  readonly logger: Logger;
  readonly metrics: UpstreamMetrics;
}

const PROBE: CallRequest = {
  method: "GET",
  path: "/livez",
  headers: [],
  class: "probe",
  bufferBytes: 65_536,
  isRepeatable: false,
};

/**
 * @param name for log and metrics, such as `aux`.
 * @param url where the upstream is; a path in it is put before every request's path.
 * @param signing signs each call, for an upstream that asks for it.
 */
export function createUpstream(
  name: string,
  url: string,
  { logger, metrics }: UpstreamDeps,
  signing?: Signing,
): OpenUpstream {
  const { origin, pathname, hostname } = new URL(url);
  const resolver = isIP(hostname.replace(/^\[|\]$/g, ""))
    ? undefined
    : new Resolver(hostname, () => {
        // an API has many addresses and names other few of them each time: none has gone
        if (signing) return;
        logger.info({ upstream: name, host: hostname }, "the upstream's addresses changed");
        for (const lane of Object.values(lanes)) lane.renew();
      });
  const connect = connectorWith(resolver?.lookup);
  const laneOf = (lane: LaneName) => new Lane({ ...LANES[lane], origin, connect });
  const lanes: Readonly<Record<LaneName, Lane>> = {
    value: laneOf("value"),
    list: laneOf("list"),
    stream: laneOf("stream"),
    wait: laneOf("wait"),
    follow: laneOf("follow"),
    events: laneOf("events"),
    login: laneOf("login"),
    probe: laneOf("probe"),
  };
  const breaker = new Breaker({
    probe: () =>
      new Promise((resolve, reject) => {
        new Call(upstream, PROBE, { answered: () => resolve(), failed: reject });
      }),
    onChange: (isOpen, reason) =>
      logger[isOpen ? "error" : "info"](
        { upstream: name, host: hostname, reason },
        isOpen ? "breaker opened" : "breaker closed",
      ),
  });
  const upstream: OpenUpstream = {
    origin,
    lookup: resolver?.lookup,
    prefix: pathname === "/" ? "" : pathname,
    lanes,
    breaker,
    retries: new RetryBudget(),
    signing,
    counts: metrics.of(name, { lanes, isOpen: () => breaker.isOpen }),
    async close() {
      breaker.stop();
      resolver?.stop();
      await Promise.all(Object.values(lanes).map((lane) => lane.close()));
    },
  };
  return upstream;
}

export function createRoute(route: Omit<Route, "shares">): Route {
  return { ...route, shares: new Shares() };
}
