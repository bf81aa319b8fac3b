/** Whether the database and the queues are there: asked by one clock, not by each who wants to know. */
import type { JobsHealth } from "@airlock/contract";
import type { Logger } from "@airlock/http";
import {
  isSchemaReady,
  LATEST_MIGRATION,
  queueExists,
  type Store,
  serverFault,
} from "@airlock/jobs-store";

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
const WELL = JSON.stringify([undefined, []]);

/** What is wrong, and why, is logged when it changes: once a second at most, and never by request. */
export function createHealth(store: Store, queues: readonly string[], log: Logger): Health {
  let parts: Parts = { database: "unknown", queue: "unknown" };
  let hasSchema: boolean | undefined;
  let fault: string | undefined;
  let reason: string | undefined;
  let told = "";
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;

  const lookAtQueues = async (): Promise<JobsHealth["queue"]> => {
    const found = await Promise.all(queues.map((name) => queueExists(store.pool, name)));
    return found.every(Boolean) ? "healthy" : "missing";
  };
  /** The causes are Postgres' own words, which repeat no value and no password. */
  const tell = (why: string | undefined, causes: readonly string[]): void => {
    const now = JSON.stringify([why, causes]);
    if (now === told) return;
    const wasWrong = told !== "" && told !== WELL;
    told = now;
    const fields = { ...(why && { reason: why }), ...(causes.length > 0 && { causes }) };
    if (why) log.warn(fields, "jobs is unhealthy");
    else if (causes.length > 0) log.warn(fields, "some requests do without the database");
    else if (wasWrong) log.info({}, "jobs is healthy again");
  };
  const look = async (): Promise<void> => {
    const failure = await store.reach();
    const isUp = failure === undefined;
    // asked each time: a database that was restored may be older than it was, one that failed over
    // may be a standby; a failed look proves nothing
    const [foundFault, isCurrent, queue] = isUp
      ? await Promise.all([
          serverFault(store.pool).catch(() => fault),
          isSchemaReady(store.pool).catch(() => hasSchema),
          lookAtQueues().catch(() => "unknown" as const),
        ])
      : [fault, hasSchema, "unknown" as const];
    // at once, so that who is told that jobs is not ready is told why
    fault = foundFault;
    hasSchema = isCurrent;
    parts = { database: isUp && fault === undefined ? "healthy" : "unhealthy", queue };
    reason = reasonOf({ isUp, fault, hasSchema, queue });
    const causes = store.takeFailures();
    tell(reason, isUp ? causes.toSorted() : [failure.message]);
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

interface Sight {
  readonly isUp: boolean;
  readonly fault: string | undefined;
  readonly hasSchema: boolean | undefined;
  readonly queue: JobsHealth["queue"];
}

/** In the order in which one has to be mended before the next shows itself. */
function reasonOf({ isUp, fault, hasSchema, queue }: Sight): string | undefined {
  if (!isUp) return "the database does not answer";
  if (fault !== undefined) return fault;
  if (hasSchema === undefined) return "the schema's version cannot be read";
  if (!hasSchema)
    return `the schema is older than this version needs: ${LATEST_MIGRATION} has not run (airlock-migrate)`;
  if (queue === "healthy") return undefined;
  return queue === "missing"
    ? "a queue is missing: airlock-migrate makes those that its settings name"
    : "the queues cannot be looked at";
}
