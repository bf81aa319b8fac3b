/** Bodies on their way in: how they are framed, and that those that no route reads are dropped. */
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { ProblemError } from "@airlock/contract";
import type { FastifyReply, preParsingHookHandler } from "fastify";
import type { App } from "./app-type.ts";
import { watchArrivals } from "./arrivals.ts";
import type { ClientOf } from "./client-address.ts";
import type { Metrics } from "./metrics.ts";
import { whenClosed } from "./when-closed.ts";
import { MAX_BODY_BYTES, WholeBodies } from "./whole-bodies.ts";

/** What is read of a body that nobody wants: many proxies read no answer before they have sent it whole. */
const MAX_UNWANTED_BYTES = 134_217_728;
/** Of what nobody wants, a pause as long as this ends the reading. */
const UNWANTED_PAUSE_MS = 1000;
/** What tells that there is a body, and of which type. */
const BODY_HEADERS = ["content-length", "content-type", "transfer-encoding"] as const;

/** The code of what the parser does not refuse, and we do (see client-errors.ts). */
export const CRUMBS = "CRUMBS";
/** A body may come in so many parts, however small they are … */
const MOST_CRUMBS = 4096;
/** … beyond that so much a part: each costs as much as a small request. */
const LEAST_PART_BYTES = 16;
const areCrumbs = (parts: number, size: number): boolean => size < parts * LEAST_PART_BYTES;

/** Why a body will never be whole. */
const FAILURE = Symbol("failure");

/** Nobody knows where its body ends, and the next request would begin. */
const ENDS = Symbol("ends");

type Arriving = IncomingMessage & { [FAILURE]?: ProblemError; [ENDS]?: boolean };

/** Of a head by which another end may be meant: what follows belongs to nobody. */
export function endBehind(raw: IncomingMessage, reply: FastifyReply): void {
  (raw as Arriving)[ENDS] = true;
  void reply.header("connection", "close");
}

/**
 * A request is read whole before it is answered, refused ones too: an answer that overtakes its own
 * request's body leaves the rest to be taken for the next request, or for a second answer when it is
 * malformed or late; and a connection that is closed with bytes unread is reset, which can take the
 * answer away. Where that cannot be, the connection ends with the answer (see connections.ts).
 *
 * Requests that are still arriving are counted apart, so that slow clients cannot fill the bound on
 * requests in progress. How slow they may be is for arrivals.ts.
 */
export function registerBodies(app: App, { inFlight }: Metrics, clientOf: ClientOf): void {
  const arrivals = watchArrivals(app);
  const networkOf = (raw: IncomingMessage) => clientOf(raw).network;
  const bodies = new WholeBodies(networkOf, (raw) => bodyFailed(raw, tooMuch()));
  /** Ended as what is late is, for what is left of it would cost as much. */
  const endCrumbs = (raw: IncomingMessage) =>
    app.server.emit(
      "clientError",
      Object.assign(new Error("crumbs"), { code: CRUMBS }),
      raw.socket,
    );
  app.addHook("onRequest", (request, reply, done) => {
    const { raw } = request;
    const isWanted = request.route.schema?.body !== undefined;
    if (!hasBody(raw)) {
      if (!isWanted) delete raw.headers["content-type"]; // else a body is looked for
      return done();
    }
    const problem = framingProblem(raw);
    if (problem) {
      endBehind(raw, reply);
      return done(problem);
    }
    let isArriving = true;
    const arrived = () => {
      if (isArriving) inFlight.arriving--;
      isArriving = false;
      arrivals.delete(raw);
    };
    inFlight.arriving++;
    arrivals.add(raw);
    raw.once("end", arrived);
    // once it is answered, Node tells no more of a request: neither its end nor that it has closed
    whenClosed(reply.raw, arrived);
    if (isDeclaredTooLarge(raw)) done(tooLarge());
    else if (isWanted && isEncoded(raw)) done(encoded());
    else if (isWanted) done();
    else dropBody(raw, endCrumbs, done);
  });
  app.addHook("onSend", ({ raw }, _reply, _payload, done) => {
    const { [FAILURE]: failure, [ENDS]: ends } = raw as Arriving;
    // what no connection has brought (an event of a Lambda) has been read, but is never `complete`
    const isRead = raw.complete || raw.readableEnded;
    const isOnItsWay = hasBody(raw) && !isRead && !isHeldBack(raw);
    if (isOnItsWay && !failure && !ends) dropRest(raw, done);
    else done();
  });
  // of those routes alone that read a body: all requests of the others would pay for it
  app.addHook("onRoute", (route) => {
    if (route.schema?.body === undefined) return;
    route.preParsing = [route.preParsing ?? [], read].flat();
  });

  /** In one piece, for Fastify keeps each part that comes. A body that has failed already is not waited for. */
  const read: preParsingHookHandler = ({ raw }, reply, payload, done) => {
    const failure = (raw as Arriving)[FAILURE];
    if (failure || !hasBody(raw)) return done(failure ?? null, payload);
    whenClosed(reply.raw, () => bodies.take(raw));
    readBody(
      raw,
      (part) => bodies.add(raw, part),
      endCrumbs,
      (problem) => {
        const whole = bodies.take(raw);
        if (problem) done(problem);
        else done(null, Readable.from(whole));
      },
    );
  };
}

/** Whether a body follows the headers (RFC 9112 §6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers["content-length"];
  return headers["transfer-encoding"] !== undefined || (length !== undefined && length !== "0");
}

/** By its own word it is larger than anybody takes. */
const isDeclaredTooLarge = ({ headers }: IncomingMessage): boolean =>
  Number(headers["content-length"]) > MAX_BODY_BYTES;

/** What it says has to be unpacked first, which nobody does here. */
const isEncoded = ({ headers }: IncomingMessage): boolean =>
  !/^(?:identity)?$/i.test(headers["content-encoding"] ?? "");

/** Its client waits to be told to go on (RFC 9110 §10.1.1): the answer comes instead. */
export const isHeldBack = (raw: IncomingMessage): boolean =>
  raw.headers.expect !== undefined && raw.httpVersionMinor > 0 && isDeclaredTooLarge(raw);

/** Tells whoever reads this body, now or later, that it is malformed or late. */
export function bodyFailed(raw: Arriving, problem: ProblemError): void {
  raw[FAILURE] = problem;
  if (raw.listenerCount("error") > 0) raw.emit("error", problem);
}

/**
 * The parser refuses most of what RFC 9112 §6 forbids, but reads whatever ends in `chunked`: we could
 * not decode the codings before it, and HTTP/1.0 has none at all.
 */
function framingProblem({ headers, httpVersionMinor }: IncomingMessage): ProblemError | undefined {
  const coding = headers["transfer-encoding"];
  if (coding === undefined) return undefined;
  if (httpVersionMinor >= 1 && coding.toLowerCase() === "chunked") return undefined;
  return new ProblemError("bad_request", "The only transfer coding here is chunked, in HTTP/1.1.");
}

const tooLarge = () =>
  new ProblemError("content_too_large", `A body may hold ${MAX_BODY_BYTES} bytes here.`);

const encoded = () =>
  new ProblemError(
    "unsupported_media_type",
    "A body is read here as it is: without Content-Encoding.",
  );

const tooMuch = () =>
  new ProblemError("overloaded", "Too many bodies are on their way here; try again shortly.", {
    headers: { "retry-after": "1" },
  });

function dropBody(
  raw: IncomingMessage,
  endCrumbs: (raw: IncomingMessage) => void,
  done: (problem?: ProblemError) => void,
): void {
  readBody(
    raw,
    () => {},
    endCrumbs,
    (problem) => {
      // so that nobody waits for it again
      if (!problem) for (const name of BODY_HEADERS) delete raw.headers[name];
      done(problem);
    },
  );
}

/**
 * Reads a body to its end.
 *
 * @param endCrumbs called once for one that comes in too small parts; it has the body fail.
 * @param done told once, also of one that fails or is larger than anybody takes.
 */
function readBody(
  raw: IncomingMessage,
  take: (part: Buffer) => void,
  endCrumbs: (raw: IncomingMessage) => void,
  done: (problem?: ProblemError) => void,
): void {
  let size = 0;
  let parts = 0;
  const end = (problem?: ProblemError) => {
    raw.off("data", onData).off("end", onEnd).off("error", end);
    done(problem);
  };
  const onData = (part: Buffer) => {
    size += part.length;
    if (++parts === MOST_CRUMBS && areCrumbs(parts, size)) return endCrumbs(raw);
    if (size <= MAX_BODY_BYTES) return take(part);
    raw.pause();
    end(tooLarge());
  };
  const onEnd = () => end();
  raw.on("data", onData).once("end", onEnd).once("error", end);
}

/** Reads what is left of a body, within bounds; what an answer waits for. */
function dropRest(raw: IncomingMessage, done: () => void): void {
  let left = MAX_UNWANTED_BYTES;
  let parts = 0;
  const end = () => {
    clearTimeout(pause);
    raw.off("data", onData).off("end", end).off("error", end).off("close", end);
    done();
  };
  const pause = setTimeout(end, UNWANTED_PAUSE_MS);
  const onData = (chunk: Buffer) => {
    left -= chunk.length;
    parts++;
    if (left < 0) return end();
    if (parts > MOST_CRUMBS && areCrumbs(parts, MAX_UNWANTED_BYTES - left)) return end();
    pause.refresh();
  };
  raw.on("data", onData).once("end", end).once("error", end).once("close", end).resume();
}
