/** The life of a service's process: settings → start → listen → signal → drain → exit. */
import type { Server } from "node:http";
import {
  type CommonSettings,
  type Environment,
  loadSettings,
  nearNames,
  SettingsError,
} from "@airlock/config";
import { Counter, collectDefaultMetrics } from "prom-client";
import type * as z from "zod";
import { hostToListenOn } from "./any-address.ts";
import type { App } from "./app-type.ts";
import { collectSeldom, giveBackStart } from "./heap.ts";
import type { LogDestination } from "./log-destination.ts";
import { createLogger, type Logger, openLog } from "./logging.ts";
import { createMetrics, createMetricsServer, type Metrics } from "./metrics.ts";

/** Longest time between the end of the drain delay, or of the last tunnel, and exit … */
const STOP_CAP_MS = 15_000;
/** … of which the log has so much at the end: one that nobody reads does not keep the process. */
const LOG_FLUSH_MS = 1000;

/** Gauges of prom-client that are called like counters; each kind of them has one of its own without. */
const MISNAMED = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

export interface ServiceContext<S> {
  readonly settings: S;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface Service {
  readonly app: App;
  /** It goes on when it listens, before it is ready, and calls `giveBackStart` itself. */
  readonly warmsUp?: boolean;
  /** How long tunnels live on when the listener has closed. Unset means that they end with it. */
  readonly tunnelDrainSeconds?: number;
  /** Ends the service's own clients, once the last request is answered. */
  readonly close?: () => Promise<void>;
}

/**
 * Runs a service until SIGTERM, SIGINT or a fault that nobody handled.
 *
 * @param refuse names what must not be in the environment at all.
 *
 * Exit code 0 after a signal; 1 when the settings are wrong (each problem on a line of standard
 * error), a port is taken, or after an unhandled error.
 */
export async function runService<S extends z.ZodObject>(
  schema: S,
  env: Environment,
  start: (context: ServiceContext<Readonly<z.infer<S>> & CommonSettings>) => Promise<Service>,
  refuse: (env: Environment) => readonly string[] = () => [],
): Promise<void> {
  collectSeldom();
  const settings = settingsOrExit(schema, env, refuse(env)) as Readonly<z.infer<S>> &
    CommonSettings;
  const log = openLog();
  const logger = createLogger(settings, log);
  for (const { name, near } of nearNames(schema, env)) {
    logger.warn({ variable: name, near }, "a variable is no setting, and almost one");
  }
  const metrics = createMetrics(settings);
  countDroppedLines(metrics, log);
  collectDefaultMetrics({ register: metrics.registry });
  for (const name of MISNAMED) metrics.registry.removeSingleMetric(name);
  const service = await start({ settings, logger, metrics });
  const { app, tunnelDrainSeconds = 0, warmsUp = false, close } = service;
  const metricsServer = createMetricsServer(metrics.registry);

  let stopping = false;
  const stop = async (reason: string, exitCode: number) => {
    if (stopping) return; // a second signal changes nothing
    stopping = true;
    const delayMs = settings.DRAIN_DELAY_SECONDS * 1000;
    const exit = () => {
      setTimeout(() => process.exit(exitCode), LOG_FLUSH_MS);
      log.flush(() => process.exit(exitCode));
    };
    logger.info({ reason, drain_delay_ms: delayMs }, "stopping");
    await drain(app, delayMs, tunnelDrainSeconds * 1000, () => {
      setTimeout(() => {
        logger.error("still busy at the end of the grace period; exiting all the same");
        exit();
      }, STOP_CAP_MS - LOG_FLUSH_MS).unref();
    });
    await close?.();
    metricsServer.close();
    metricsServer.closeAllConnections();
    logger.info("stopped");
    exit();
  };
  process.on("SIGTERM", () => void stop("SIGTERM", 0));
  process.on("SIGINT", () => void stop("SIGINT", 0));
  const fail = (kind: string) => (error: unknown) => {
    logger.fatal({ error }, kind);
    void stop(kind, 1);
  };
  process.on("uncaughtException", fail("uncaught exception"));
  process.on("unhandledRejection", fail("unhandled rejection"));

  // on a laptop it is better to begin at once
  if (settings.ENVIRONMENT !== "dev" && !warmsUp) giveBackStart();
  try {
    const host = await hostToListenOn(settings.HOST);
    await app.listen({ host, port: settings.PORT });
    await listen(metricsServer, host, settings.METRICS_PORT);
  } catch (error) {
    process.stderr.write(`${settings.SERVICE_NAME}: ${listenFailure(error)}\n`);
    process.exit(1);
  }
  logger.info(
    {
      environment: settings.ENVIRONMENT,
      version: settings.VERSION,
      port: settings.PORT,
      pid: process.pid,
    },
    "listening",
  );
}

function countDroppedLines({ registry }: Metrics, log: LogDestination): void {
  new Counter({
    name: "airlock_log_lines_dropped_total",
    help: "Log lines that were not written: nobody reads them, or not fast enough, or the disk is full.",
    registers: [registry],
    collect() {
      this.reset();
      this.inc(log.droppedLines);
    },
  });
}

/**
 * The order matters, for a load balancer learns late that a pod is leaving: first say not ready and
 * end each connection with its answer, serve on while new requests still arrive, and close the
 * listener last. Tunnels are the exception: they live on without it, for as long as they are given.
 */
async function drain(
  app: App,
  delayMs: number,
  tunnelDrainMs: number,
  onLastTunnel: () => void,
): Promise<void> {
  app.isDraining = true;
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  const closed = app.close();
  // a connection that was a tunnel keeps the server open
  await app.tunnels.drain(tunnelDrainMs);
  onLastTunnel();
  await closed;
}

function settingsOrExit(schema: z.ZodObject, env: Environment, otherProblems: readonly string[]) {
  try {
    return loadSettings(schema, env, otherProblems);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}

function listenFailure(error: unknown): string {
  const { code, port, address } = error as { code?: string; port?: number; address?: string };
  if (code === "EADDRINUSE") return `port ${port} on ${address} is taken`;
  return `cannot listen: ${error instanceof Error ? error.message : String(error)}`;
}
