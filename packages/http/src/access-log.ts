/** One log line and one histogram sample a request, whether it was answered or the client left. */

import type { ServerResponse } from "node:http";
import type { FastifyRequest } from "fastify";
import { type AccessLevel, accessLineWriter } from "./access-line.ts";
import type { App } from "./app-type.ts";
import type { ClientOf } from "./client-address.ts";
import { isTaken } from "./client-left.ts";
import { connectionOf } from "./connections.ts";
import type { Logger } from "./logging.ts";
import type { Metrics } from "./metrics.ts";
import { isProbe } from "./probes.ts";
import { SWITCHED } from "./tunnel/handshake.ts";

/** Status logged when the client left before the answer was complete (nginx's convention). */
const CLIENT_CLOSED_REQUEST = 499;

/** The request that is answered, kept on its response: the listeners are the same for all. */
const WORK = Symbol("work");

interface Work {
  readonly request: FastifyRequest;
  /** By `performance.now()`. */
  readonly startedAt: number;
  isDone: boolean;
}

type Answering = ServerResponse & { [WORK]: Work };

/**
 * Counts every request in, and out again when the work for it is done: how long its client takes to
 * read the answer is nobody else's matter (see slow-readers.ts). A streamed answer is work to its end.
 *
 * @param sample log one of so many requests answered below 400.
 * @param clientOf whom the log names as the peer.
 * @param onWorkDone told of each request when its place is given back.
 */
export function registerAccessLog(
  app: App,
  logger: Logger,
  metrics: Metrics,
  sample: number,
  clientOf: ClientOf,
  onWorkDone: (request: FastifyRequest) => void,
): void {
  app.decorateRequest("logFields", undefined);
  app.decorateRequest("sharedWith", undefined);
  app.decorateRequest("brokenStatus", undefined);
  app.decorateRequest("client");
  const writeLine = accessLineWriter(logger);
  const { inFlight, requestDuration } = metrics;
  let successes = 0;

  const workDone = (work: Work) => {
    if (work.isDone) return;
    work.isDone = true;
    inFlight.count--;
    onWorkDone(work.request);
  };
  /** Everything has been handed to the connection. */
  function onPrefinish(this: ServerResponse): void {
    const work = (this as Answering)[WORK];
    if (connectionOf(work.request.raw.socket)?.isStreaming !== true) workDone(work);
  }
  function onClose(this: ServerResponse): void {
    const work = (this as Answering)[WORK];
    const { request, startedAt } = work;
    workDone(work);
    const status = isTaken(this)
      ? this.statusCode
      : (request.brokenStatus ?? CLIENT_CLOSED_REQUEST);
    const elapsedMs = performance.now() - startedAt;
    const route = request.route.url ?? "none";
    const isTunnel = status === SWITCHED;
    if (!isTunnel) {
      // how long a tunnel lasts says nothing of how fast this service is
      requestDuration
        .of(knownMethod(request.method), route, String(status))
        .observe(elapsedMs / 1000);
    }
    const level = levelOf(request, status);
    if (level === "info" && !isTunnel && successes++ % sample !== 0) return;
    writeLine(level, request, { status, route, elapsedMs });
  }

  app.addHook("onRequest", (request, { raw }, done) => {
    request.client = clientOf(request.raw); // now: a socket that has ended tells no address
    inFlight.count++;
    (raw as Answering)[WORK] = { request, startedAt: performance.now(), isDone: false };
    raw.on("prefinish", onPrefinish).on("close", onClose);
    done();
  });
}

/** A probe asks in order to be told no: whatever it hears, nobody has to act on it. */
function levelOf(request: FastifyRequest, status: number): AccessLevel {
  if (isProbe(request.url)) return "debug";
  if (status >= 500) return "error";
  return status >= 400 ? "warn" : "info";
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** A metric label takes few values, whatever clients send. */
const knownMethod = (method: string): string => (METHODS.has(method) ? method : "other");
