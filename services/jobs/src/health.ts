/** Whether the database and the queues are there: asked by one clock, not by each who wants to know. */
import type { JobsHealth } from "@airlock/contract";
import type { Logger } from "@airlock/http";
import { isSchemaReady, LATEST_MIGRATION, queueExists, type Store } from "@airlock/jobs-store";

export interface Health {
  /** The database is there, and as new as this code needs it. */
  readonly isReady: () => boolean;
  report(): Omit<JobsHealth, "service" | "environment">;
  /** Looks now and every second from then on. */
  start(): Promise<void>;
  stop(): void;
}

type Parts = Pick<JobsHealth, "database" | "queue">;

const PERIOD_MS = 1000;

/** What is wrong is logged once, when it begins and when it ends. */
export function createHealth(store: Store, queues: readonly string[], log: Logger): Health {
  let parts: Parts = { database: "unknown", queue: "unknown" };
  let hasSchema: boolean | undefined;
  let reason: string | undefined;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;

  const lookAtQueues = async (): Promise<JobsHealth["queue"]> => {
    const found = await Promise.all(queues.map((name) => queueExists(store.pool, name)));
    return found.every(Boolean) ? "healthy" : "missing";
  };
  const look = async (): Promise<void> => {
    const isUp = await store.isReachable();
    // asked each time: a database that was restored may be older than it was; a failed look proves nothing
    const isCurrent = isUp ? await isSchemaReady(store.pool).catch(() => hasSchema) : hasSchema;
    const queue = isUp ? await lookAtQueues().catch(() => "unknown" as const) : "unknown";
    const before = reason;
    // at once, so that who is told that jobs is not ready is told why
    hasSchema = isCurrent;
    parts = { database: isUp ? "healthy" : "unhealthy", queue };
    reason = reasonOf(parts, hasSchema);
    if (reason !== before && reason) log.warn({ reason }, "jobs is unhealthy");
    else if (reason !== before) log.info({}, "jobs is healthy again");
    if (!isStopped) timer = setTimeout(() => void look(), PERIOD_MS).unref();
  };
  return {
    isReady: () => parts.database === "healthy" && hasSchema === true,
    report: () => ({
      status: parts.database === "healthy" && reason === undefined ? "healthy" : "unhealthy",
      ...parts,
      ...(reason && { reason }),
      timestamp: new Date().toISOString(),
    }),
    start: look,
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

/** In the order in which one has to be mended before the next shows itself. */
function reasonOf({ database, queue }: Parts, hasSchema: boolean | undefined): string | undefined {
  if (database !== "healthy") return "the database does not answer";
  if (hasSchema === undefined) return "the schema's version cannot be read";
  if (!hasSchema)
    return `the schema is older than this version needs: ${LATEST_MIGRATION} has not run (airlock-migrate)`;
  if (queue === "healthy") return undefined;
  return queue === "missing"
    ? "a queue is missing: airlock-migrate makes those that its settings name"
    : "the queues cannot be looked at";
}
