/** A service behind the gateway: its lanes, its breaker, and where it is. */
import { isIP } from "node:net";
import type { Logger } from "@airlock/http";
import type { Signing } from "@airlock/identity";
import type { UpstreamMetrics } from "../upstream-metrics.ts";
import { Breaker, RetryBudget } from "./breaker.ts";
import { Call, type CallRequest, type Upstream } from "./call.ts";
import { LANES, type LaneName } from "./classes.ts";
import { Lane } from "./lane.ts";
import { connectorWith, type Lookup, Resolver } from "./resolver.ts";

export interface OpenUpstream extends Upstream {
  /** Where its connections go that are no calls. */
  readonly origin: string;
  /** Undefined for an address. */
  readonly lookup: Lookup | undefined;
  /** Ends its connections once their answers are whole. */
  close(): Promise<void>;
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
