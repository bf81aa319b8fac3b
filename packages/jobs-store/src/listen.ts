/** Hears the bells of queues and of jobs, each on a connection of its own. What it misses is found by looking. */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { QUEUE_CHANNEL } from "./bell.ts";
import { JOB_CHANNEL } from "./job-bell.ts";
import type { StoreLog } from "./log.ts";
import { toStoreError } from "./store-error.ts";
import { type ConnectTarget, clientConfig } from "./target.ts";

interface Listener extends ConnectTarget {
  readonly log: StoreLog;
  /** Between two questions whether it is still there. */
  readonly heartbeatMs?: number | undefined;
}

export interface ListenOptions extends Listener {
  readonly queues: readonly string[];
  /** Also when it hears again after a silence. */
  readonly onOrder: () => void;
}

export function listenForOrders({ queues, onOrder, ...listener }: ListenOptions): Listening {
  return listen(listener, {
    channel: QUEUE_CHANNEL,
    onHearing: onOrder,
    onWords: (words) => queues.includes(words) && onOrder(),
  });
}

export interface JobListenOptions extends Listener {
  /** Undefined: any of them, as when it hears again after a silence. */
  readonly onJobs: (jobIds: readonly string[] | undefined) => void;
}

export function listenForJobs({ onJobs, ...listener }: JobListenOptions): Listening {
  return listen(listener, {
    channel: JOB_CHANNEL,
    onHearing: () => onJobs(undefined),
    onWords: (words) => onJobs(words === "" ? undefined : words.split(",")),
  });
}

export interface Listening {
  close(): Promise<void>;
}

interface Heard {
  readonly channel: string;
  readonly onHearing: () => void;
  readonly onWords: (words: string) => void;
}

/** A connection that is cut somewhere between says nothing of it: it is asked. */
const HEARTBEAT_MS = 10_000;
const ANSWER_MS = 5000;
const LONGEST_WAIT_MS = 10_000;

function listen(listener: Listener, { channel, onHearing, onWords }: Heard): Listening {
  const { log, heartbeatMs = HEARTBEAT_MS, ...target } = listener;
  const closing = new AbortController();
  const { signal } = closing;
  let failures = 0;

  const hear = async (): Promise<never> => {
    const client = new pg.Client({
      ...clientConfig(target),
      application_name: "airlock bell",
      connectionTimeoutMillis: ANSWER_MS,
      query_timeout: ANSWER_MS,
      keepAlive: true,
    });
    const { promise: lost, reject: lose } = Promise.withResolvers<never>();
    client.on("error", lose);
    client.on("end", () => lose(new Error("the connection has ended")));
    client.on("notification", ({ payload }) => onWords(payload ?? ""));
    const onClose = () => lose(new Error("closed"));
    signal.addEventListener("abort", onClose, { once: true });
    const follow = async (): Promise<never> => {
      await client.connect();
      await client.query(`LISTEN ${channel}`);
      if (failures > 0) log.info({ channel }, "the bell is heard again");
      failures = 0;
      onHearing();
      for (;;) {
        await sleep(heartbeatMs, undefined, { ref: false, signal });
        await client.query("SELECT 1");
      }
    };
    try {
      // once, not at each beat: whatever is raced with a promise is kept until that settles
      return await Promise.race([follow(), lost]);
    } finally {
      signal.removeEventListener("abort", onClose);
      await client.end().catch(() => {});
    }
  };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await hear();
      } catch (error) {
        if (signal.aborted) return;
        if (failures === 0) {
          log.warn({ channel, reason: toStoreError(error).message }, "the bell is not heard");
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
