/** Bodies on their way in: those that no route reads are read to their end and dropped. */
import type { IncomingMessage } from "node:http";
import { ProblemError } from "@airlock/contract";
import type { App } from "./app-type.ts";
import type { Metrics } from "./metrics.ts";

const MAX_BODY_BYTES = 65_536;
/** What tells that there is a body, and of which type. */
const BODY_HEADERS = ["content-length", "content-type", "transfer-encoding"] as const;

/**
 * A request is read whole before it is answered: an answer that overtakes its own request's body
 * leaves the rest to be taken for the next request, or for a second answer when it is malformed or
 * late. Where that cannot be, the connection ends with the answer (see connections.ts).
 *
 * Requests that are still arriving are counted apart, so that slow clients cannot fill the bound on
 * requests in progress.
 */
export function registerBodies(app: App, { inFlight }: Metrics): void {
  app.addHook("onRequest", (request, _reply, done) => {
    const { raw } = request;
    const isWanted = request.routeOptions.schema?.body !== undefined;
    if (!hasBody(raw)) {
      if (!isWanted) delete raw.headers["content-type"]; // else a body is looked for
      return done();
    }
    if (!isWanted && Number(raw.headers["content-length"]) > MAX_BODY_BYTES) {
      return done(tooLarge());
    }
    let isArriving = true;
    const arrived = () => {
      if (isArriving) inFlight.arriving--;
      isArriving = false;
    };
    inFlight.arriving++;
    raw.once("end", arrived).once("close", arrived);
    if (isWanted) done();
    else dropBody(raw, done);
  });
}

/** Whether a body follows the headers (RFC 9112 §6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers["content-length"];
  return headers["transfer-encoding"] !== undefined || (length !== undefined && length !== "0");
}

const tooLarge = () =>
  new ProblemError("content_too_large", `A body may hold ${MAX_BODY_BYTES} bytes here.`);

function dropBody(raw: IncomingMessage, done: (problem?: ProblemError) => void): void {
  let size = 0;
  const onData = (chunk: Buffer) => {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) return;
    raw.off("data", onData).off("end", onEnd).pause();
    done(tooLarge());
  };
  const onEnd = () => {
    // so that nobody waits for it again
    for (const name of BODY_HEADERS) delete raw.headers[name];
    done();
  };
  raw.on("data", onData).once("end", onEnd);
}
