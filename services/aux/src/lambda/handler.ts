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
  readonly session: Pick<Session, "isValid">;
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
    await untilValid(session);
    const taken = incoming.take(event);
    const { httpMethod: method } = event;
    try {
      const answered = await dispatch(taken, context as never);
      const isStreamed = mode === "stream" && (method === "GET" || method === "HEAD");
      await (isStreamed ? sendStreamed : sendBuffered)(answered, stream, method);
    } finally {
      incoming.abandon(taken); // nothing, where all of it was taken
      await turn(); // the request's own line is written when it is closed
      await flushed(log);
    }
  };
  return answer;
}

const SESSION_POLL_MS = 10;
/** Longer than one attempt takes; who still has none is told by the application. */
const SESSION_LIMIT_MS = 2500;

/** A process that was stopped for hours has a session that has ended, and renews it as soon as it runs again. */
async function untilValid(session: Pick<Session, "isValid">): Promise<void> {
  for (const end = performance.now() + SESSION_LIMIT_MS; performance.now() < end; ) {
    if (session.isValid()) return;
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
