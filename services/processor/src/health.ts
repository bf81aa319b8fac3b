/** Whether the database and the cluster are there: asked by one clock, not by each who wants to know. */
import {
  isSchemaReady,
  LATEST_MIGRATION,
  queueExists,
  type Store,
  serverFault,
} from "@airlock/jobs-store";
import type { Log } from "./log.ts";

export interface HealthReport {
  readonly database: "healthy" | "unhealthy";
  /** unknown: it has not been seen yet. */
  readonly cluster: "healthy" | "unknown";
  /** What is wrong first. */
  readonly reason: string | undefined;
}

export interface Health {
  report(): HealthReport;
  /** Looks now and every second from then on. */
  start(): void;
  stop(): void;
}

const PERIOD_MS = 1000;

/** What is wrong is logged once, when it begins and when it ends. */
export function createHealth(
  store: Store,
  queues: readonly string[],
  hasSeenCluster: () => boolean,
  log: Log,
): Health {
  let trouble: string | undefined = "the database has not been asked yet";
  let isUp = false;
  let told: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  const troubleNow = async (): Promise<string | undefined> => {
    const failure = await store.reach();
    isUp = failure === undefined;
    if (failure !== undefined) return `the database does not answer: ${failure.message}`;
    const fault = await serverFault(store.pool);
    if (fault !== undefined) return fault;
    if (!(await isSchemaReady(store.pool))) {
      return `the schema is older than this version needs: ${LATEST_MIGRATION} has not run (airlock-migrate)`;
    }
    for (const queue of queues) {
      if (await queueExists(store.pool, queue)) continue;
      return "a queue is missing: airlock-migrate makes those that its settings name";
    }
    return undefined;
  };
  const look = async (): Promise<void> => {
    trouble = await troubleNow().catch(() => "the database cannot be looked at");
    if (trouble !== told && trouble) log.warn({ reason: trouble }, "the processor is unhealthy");
    else if (trouble !== told) log.info({}, "the processor is healthy again");
    told = trouble;
    if (!isStopped) timer = setTimeout(() => void look(), PERIOD_MS).unref();
  };
  return {
    report() {
      const cluster = hasSeenCluster() ? "healthy" : "unknown";
      const unseen = cluster === "unknown" ? "the cluster has not been seen yet" : undefined;
      return { database: isUp ? "healthy" : "unhealthy", cluster, reason: trouble ?? unseen };
    },
    start: () => void look(),
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
