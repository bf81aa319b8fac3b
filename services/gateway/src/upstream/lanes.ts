/** The connections to an upstream: a pool for each lane, made anew when its addresses change. */
import { isIP } from "node:net";
import type { Logger } from "@airlock/http";
import { Pool } from "undici";
import { Resolver } from "./resolver.ts";
import { CONNECT_MS, LANES, type LaneName } from "./timing.ts";

/** Shorter than the 72 s after which the upstream closes an idle connection. */
const IDLE_MS = 30_000;

export interface Lane {
  readonly pool: Pool;
  /** Counts the requests that wait for a connection. */
  readonly queue: { length: number };
  readonly maxQueued: number;
}

export interface Lanes {
  /** Made when it is asked for: not every upstream is sent every kind of request. */
  of(name: LaneName): Lane;
  /** Those that were asked for. */
  all(): Iterable<readonly [LaneName, Lane]>;
  /** Ends the connections once their answers are whole. */
  close(): Promise<void>;
}

/** @param origin of the upstream, without a path. */
export function createLanes({ origin, hostname }: URL, logger: Logger): Lanes {
  const newPool = (name: LaneName) =>
    new Pool(origin, {
      connections: LANES[name].connections,
      pipelining: 1,
      keepAliveTimeout: IDLE_MS,
      headersTimeout: 0, // the exchange has a timer of its own, exact to the millisecond
      bodyTimeout: LANES[name].bodyPauseMs,
      connect: { timeout: CONNECT_MS, ...(resolver && { lookup: resolver.lookup }) },
    });
  const resolver = isIP(hostname.replace(/^\[|\]$/g, ""))
    ? undefined
    : new Resolver(hostname, () => {
        logger.info({ upstream: hostname }, "the upstream's addresses changed");
        for (const [name, lane] of lanes) {
          const old = lane.pool;
          lane.pool = newPool(name);
          void old.close(); // answers under way are finished first
        }
      });
  const newLane = (name: LaneName): MutableLane => ({
    pool: newPool(name),
    queue: { length: 0 },
    maxQueued: LANES[name].maxQueued,
  });
  const lanes = new Map<LaneName, MutableLane>();

  return {
    of(name) {
      const lane = lanes.get(name) ?? newLane(name);
      lanes.set(name, lane);
      return lane;
    },
    all: () => lanes,
    async close() {
      resolver?.stop();
      await Promise.all([...lanes.values()].map(({ pool }) => pool.close()));
    },
  };
}

type MutableLane = { -readonly [K in keyof Lane]: Lane[K] };
