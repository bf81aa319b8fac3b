/** Hears the bell of queues, on a connection of its own. What it misses is found by looking. */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { QUEUE_CHANNEL } from "./bell.ts";
import type { StoreLog } from "./log.ts";
import { toStoreError } from "./store-error.ts";
import { type ConnectTarget, clientConfig } from "./target.ts";

export interface ListenOptions extends ConnectTarget {
  readonly queues: readonly string[];
  /** Also when it hears again after a silence. */
  readonly onOrder: () => void;
  readonly log: StoreLog;
}

/** A connection that is cut somewhere between says nothing of it: it is asked. */
const HEARTBEAT_MS = 10_000;
const ANSWER_MS = 5000;
const LONGEST_WAIT_MS = 10_000;

export function listenForOrders(options: ListenOptions): { close(): Promise<void> } {
  const { queues, onOrder, log } = options;
  const closing = new AbortController();
  const { signal } = closing;

  const listen = async (onHeard: () => void): Promise<never> => {
    const client = new pg.Client({
      ...clientConfig(options),
      application_name: "airlock bell",
      connectionTimeoutMillis: ANSWER_MS,
      query_timeout: ANSWER_MS,
      keepAlive: true,
    });
    const { promise: lost, reject } = Promise.withResolvers<never>();
    lost.catch(() => {}); // whoever waits hears of it
    client.on("error", reject);
    client.on("end", () => reject(new Error("the connection has ended")));
    client.on("notification", ({ payload }) => {
      if (payload !== undefined && queues.includes(payload)) onOrder();
    });
    signal.addEventListener("abort", () => reject(new Error("closed")), { once: true });
    try {
      await Promise.race([client.connect(), lost]);
      await client.query(`LISTEN ${QUEUE_CHANNEL}`);
      onHeard();
      for (;;) {
        await Promise.race([sleep(HEARTBEAT_MS, undefined, { ref: false }), lost]);
        await Promise.race([client.query("SELECT 1"), lost]);
      }
    } finally {
      await client.end().catch(() => {});
    }
  };
  const run = async (): Promise<void> => {
    let failures = 0;
    while (!signal.aborted) {
      try {
        await listen(() => {
          if (failures > 0) log.info({ queues }, "the bell is heard again");
          failures = 0;
          onOrder();
        });
      } catch (error) {
        if (signal.aborted) return;
        if (failures === 0) {
          log.warn({ queues, reason: toStoreError(error).message }, "the bell is not heard");
        }
        failures++;
        const waitMs = Math.min(500 * 2 ** failures, LONGEST_WAIT_MS);
        await sleep(waitMs, undefined, { signal }).catch(() => {});
      }
    }
  };
  const running = run();
  return {
    close() {
      closing.abort();
      return running;
    },
  };
}
