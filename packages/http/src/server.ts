/** How every service is made: a Fastify application with the guards that all of them share. */
import type { Socket } from "node:net";
import { type CommonSettings, docsEnabled } from "@airlock/config";
import type { ProblemError } from "@airlock/contract";
import fastify, {
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from "fastify";
import { serializerCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { registerAccessLog } from "./access-log.ts";
import { type Admission, countedRefusal, registerAdmission } from "./admission.ts";
import { registerAnswerHeaders } from "./answer-headers.ts";
import type { App } from "./app-type.ts";
import { registerBodies } from "./bodies.ts";
import { createClientOf } from "./client-address.ts";
import { createHeadRefusal } from "./client-errors.ts";
import { createCrowdedEnd, limitConnections, MAX_CONNECTIONS } from "./connection-limit.ts";
import { endSilent, registerConnectionEnd, trackConnections } from "./connections.ts";
import type { ApiDescription } from "./docs.ts";
import { type HeadSize, registerGuards } from "./guards.ts";
import { registerJsonBodies } from "./json-body.ts";
import { createLogger, type Logger } from "./logging.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { registerNotFound } from "./not-found.ts";
import { answerInOrder, oneAtATime } from "./pipelining.ts";
import { registerProbes } from "./probes.ts";
import { sendProblem } from "./problems.ts";
import { requestIdOf } from "./request-context.ts";
import { RequestLogger } from "./request-logger.ts";
import { routedPath } from "./request-target.ts";
import { registerShedding } from "./shedding.ts";
import { createCut, watchReaders } from "./slow-readers.ts";
import { createTunnelPaths } from "./tunnel/tunnel-paths.ts";
import { createTunnels } from "./tunnel/tunnels.ts";
import { boundUnsentAnswers } from "./unsent-answers.ts";
import { queryAwareCompiler } from "./validation.ts";
import { type ClientPlaces, createPlaces } from "./waiting.ts";

export interface ServerOptions {
  readonly settings: CommonSettings;
  readonly about: ApiDescription;
  /** Whether to send traffic here; draining is seen to by the server itself. */
  readonly isReady: () => boolean;
  /** Undefined lets everybody in. */
  readonly admission?: Admission | undefined;
  /** CIDRs of the proxies whose X-Forwarded-For is believed. */
  readonly trustProxy?: readonly string[] | undefined;
  /** What one client may have at once; undefined means that only all clients together are bounded. */
  readonly clientPlaces?: ClientPlaces | undefined;
  readonly maxHead?: HeadSize;
  /** The problem of a path that is not valid percent-encoding, where it has one of its own. */
  readonly undecodable?: (path: string) => ProblemError | undefined;
  readonly logger?: Logger | undefined;
  readonly metrics?: Metrics | undefined;
}

/**
 * Of an inner service: whatever the gateway lets in by 8 KiB and 12, and adds to it. Of a target
 * each character may grow to three; of the headers there are a proof of 16 KiB, and the caller's name
 * and groups as they are encoded, 4 KiB and 8.
 */
const INNER_HEAD: HeadSize = { targetBytes: 24_576, headersBytes: 45_056 };
/** So far beyond the limits an answer can still say which of them it was; then the parser gives up. */
const HEAD_SLACK_BYTES = 16_384;
const MAX_HEADER_FIELDS = 100;
/** As long as a client may take for a body of the largest size: 1 KiB a second. */
const REQUEST_MS = 64_000;
const HEAD_MS = 4500;
/** Node looks for late requests this often, so a limit fires at most this much later. */
const LATE_CHECK_MS = 500;
/** As long as a pod may take to start; by default a process that hardly gets the CPU gives up after 10 s. */
const START_MS = 60_000;

/** zod's, from the beginning: else Ajv is loaded with all that belongs to it, for nobody. Typed for that alone. */
const SCHEMAS = {
  compilersFactory: {
    buildValidator: () => queryAwareCompiler,
    buildSerializer: () => serializerCompiler,
  },
} as unknown as NonNullable<FastifyServerOptions["schemaController"]>;

/**
 * An application with request ids, traces, logs, problem errors, probes, metrics, limits and docs.
 * What is left for a service is its routes.
 *
 * @param addRoutes registers them, on an application that already has every guard.
 */
export async function createServer(
  options: ServerOptions,
  addRoutes: (app: App) => void | Promise<void>,
): Promise<App> {
  const { settings, admission } = options;
  const logger = options.logger ?? createLogger(settings);
  const metrics = options.metrics ?? createMetrics(settings);
  const { maxHead = INNER_HEAD } = options;
  const maxHeadBytes = maxHead.targetBytes + maxHead.headersBytes + HEAD_SLACK_BYTES;
  const clientOf = createClientOf(options.trustProxy);
  const refuse = (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
    sendProblem(countedRefusal(admission, error, request), request, reply);

  const tunnelPaths = createTunnelPaths(maxHeadBytes);

  const app: App = fastify({
    // no logger: with one each request gets a child and two listeners, whoever writes its line
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIdOf,
    rewriteUrl: (raw) => routedPath(raw.url ?? "/"),
    clientErrorHandler: createHeadRefusal({ logger, metrics, clientOf, admission }),
    // routers measure one part of a path; the target as a whole is measured by the guards
    routerOptions: { maxParamLength: maxHeadBytes },
    pluginTimeout: START_MS,
    requestTimeout: REQUEST_MS, // whatever its pace (see arrivals.ts)
    keepAliveTimeout: 72_000,
    bodyLimit: 65_536,
    return503OnClosing: false,
    schemaController: SCHEMAS,
    forceCloseConnections: "idle",
    http: {
      ...oneAtATime(tunnelPaths.isTunnel),
      headersTimeout: HEAD_MS,
      connectionsCheckingInterval: LATE_CHECK_MS,
      maxHeaderSize: maxHeadBytes,
      requireHostHeader: false, // the guards answer with a problem
    },
  }).withTypeProvider<ZodTypeProvider>();
  app.log = withoutInfo(logger);
  app.server.maxHeadersCount = MAX_HEADER_FIELDS;
  app.removeContentTypeParser("text/plain"); // 415 where JSON is wanted
  app.setErrorHandler(refuse);

  app.decorate("tunnels", createTunnels());
  tunnelPaths.watch(app);
  app.decorateRequest("route");
  app.addHook("onRequest", (request, reply, done) => {
    request.route = request.routeOptions;
    request.log = reply.log = new RequestLogger(logger, request);
    done();
  });
  registerAnswerHeaders(app);
  const connections = trackConnections(app.server);
  endSilent(app, connections, HEAD_MS);
  const end = createCrowdedEnd(metrics, connections);
  const networkOf = (socket: Socket) => clientOf({ socket, headers: {} }).network;
  limitConnections(app.server, { max: MAX_CONNECTIONS, networkOf, end });
  answerInOrder(app.server, end);
  const cut = createCut(metrics);
  app.addHook("onClose", watchReaders(connections, cut));
  app.addHook("onClose", boundUnsentAnswers(connections, cut));
  const places = createPlaces(metrics, settings.MAX_IN_FLIGHT, options.clientPlaces);
  registerAccessLog(app, logger, metrics, settings.LOG_SAMPLE, clientOf, places.workDone);
  registerBodies(app, metrics, clientOf);
  registerConnectionEnd(app);
  registerJsonBodies(app);
  registerShedding(app, metrics, settings.MAX_IN_FLIGHT);
  places.registerWaiting(app);
  registerGuards(app, {
    maxHead,
    allowedHosts: settings.ALLOWED_HOSTS,
    undecodable: options.undecodable,
  });
  registerAdmission(app, admission);
  places.registerShare(app);
  registerNotFound(app, maxHeadBytes);
  // schemas for nobody would stay in memory for ever
  const docs = docsEnabled(settings) ? await import("./docs.ts") : undefined;
  await docs?.registerOpenApi(app, options.about);
  registerProbes(app, settings, () => !app.isDraining && options.isReady());
  await addRoutes(app);
  await docs?.registerDocsPage(app, options.about);
  return app;
}

/** Fastify says that it listens once for each address; runService says it once, when all ports are open. */
const withoutInfo = (logger: Logger): Logger =>
  logger.isLevelEnabled("info") ? logger.child({}, { level: "warn" }) : logger;
