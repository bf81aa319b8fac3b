/** Whether the database and the queues are there: asked by one clock, not by each who wants to know. */
import type { JobsHealth } from "@airlock/contract";
import { isSchemaReady, queueExists, type Store } from "@airlock/jobs-store";

export interface Health {
  /** The database is there, and as new as this code needs it. */
  readonly isReady: () => boolean;
  report(): JobsHealth;
  /** Looks now and every second from then on. */
  start(): Promise<void>;
  stop(): void;
}

const PERIOD_MS = 1000;

export function createHealth(store: Store, queues: readonly string[]): Health {
  let database: JobsHealth["database"] = "unknown";
  let queue: JobsHealth["queue"] = "unknown";
  // a schema is never taken back
  let hasSchema = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;

  const lookAtQueues = async (): Promise<JobsHealth["queue"]> => {
    const found = await Promise.all(queues.map((name) => queueExists(store.pool, name)));
    return found.every(Boolean) ? "healthy" : "missing";
  };
  const look = async (): Promise<void> => {
    const isUp = await store.isReachable();
    database = isUp ? "healthy" : "unhealthy";
    if (isUp && !hasSchema) hasSchema = await isSchemaReady(store.pool).catch(() => false);
    queue = isUp ? await lookAtQueues().catch(() => "unknown" as const) : "unknown";
    if (!isStopped) timer = setTimeout(() => void look(), PERIOD_MS).unref();
  };
  return {
    isReady: () => database === "healthy" && hasSchema,
    report: () => ({
      status: database === "healthy" && queue === "healthy" ? "healthy" : "unhealthy",
      database,
      queue,
      timestamp: new Date().toISOString(),
    }),
    start: look,
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
