/** Answers the events of the API, one after the other or several at once. */
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import type { Session } from "@airlock/aws";
import type { App } from "@airlock/http";
import awsLambdaFastify, { type LambdaFastifyOptions } from "@fastify/aws-lambda";
import { sendBuffered, sendStreamed } from "./answers.ts";
import type { Incoming } from "./incoming.ts";
import type { ApiEvent, StreamingHandler } from "./runtime.ts";

export interface HandlerOptions {
  readonly app: App;
  readonly session: Pick<Session, "isValid" | "report">;
  /** What holds lines back for a moment; a process that has answered is stopped until it is called again. */
  readonly log: { flush(done: () => void): void };
  readonly incoming: Incoming;
  /** How GET and HEAD are answered; everything else is buffered. */
  readonly mode: "stream" | "buffered";
}

interface Options extends LambdaFastifyOptions {
  payloadAsStream: true;
}

export function createHandler({ app, session, log, incoming, mode }: HandlerOptions) {
  const dispatch = awsLambdaFastify<ApiEvent, Options>(app, {
    payloadAsStream: true,
    // the path has no stage, and a part of it may be spelt like one
    retainStage: true,
  });
  incoming.watch(app);
  const answer: StreamingHandler = async (event, stream, context) => {
    const { httpMethod: method, path } = event;
    if (path !== LIVENESS) await untilRenewed(session);
    const taken = incoming.take(event);
    try {
      const answered = await dispatch(taken, context as never);
      const isStreamed = mode === "stream" && (method === "GET" || method === "HEAD");
      await (isStreamed ? sendStreamed : sendBuffered)(answered, stream, method);
    } finally {
      incoming.abandon(taken); // nothing, where all of it was taken
      await turn(); // the request's own line is written when it is closed
      await flushed(log);
    }
    // the last that is done: the process is stopped as soon as its answer has ended
    stream.end();
  };
  return answer;
}

/** Knows nothing of AWS. */
const LIVENESS = "/livez";
const SESSION_POLL_MS = 10;
const SESSION_LIMIT_MS = 2000;

/**
 * A process that was stopped for hours has a session that has ended, and renews it as soon as it runs again,
 * as one that has just begun fetches its first. Where that has failed, the application says so at once.
 */
async function untilRenewed(session: HandlerOptions["session"]): Promise<void> {
  for (const end = performance.now() + SESSION_LIMIT_MS; performance.now() < end; ) {
    if (session.isValid() || session.report().refresh_failures > 0) return;
    await sleep(SESSION_POLL_MS);
  }
}

/** A log that nobody reads keeps nobody waiting. */
const FLUSH_LIMIT_MS = 1000;

function flushed(log: HandlerOptions["log"]): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(resolve, FLUSH_LIMIT_MS);
    log.flush(() => {
      clearTimeout(limit);
      resolve();
    });
  });
}
