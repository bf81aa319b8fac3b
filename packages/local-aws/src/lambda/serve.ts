// Takes invocations from the Runtime API and has a handler answer them, as Lambda's Node runtime does.

import { Agent, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import {
  failStream,
  isStreaming,
  openResponseStream,
  type ResponseStream,
  type StreamingHandler,
} from "./response-stream.ts";

export interface ServeOptions {
  /** Of the Runtime API, with its port. */
  readonly host: string;
  /** AWS gives a process one invocation at a time; here one may stand for several of its processes. Default 1. */
  readonly places?: number;
}

const RETRY_MS = 200;

/** @returns what ends it, and the connections by which it is known. */
export function serveFunction(handler: object, { host, places = 1 }: ServeOptions): () => void {
  if (!isStreaming(handler)) throw new TypeError("the handler does not stream its answers");
  const agents: Agent[] = [];
  const closed = new AbortController();
  for (let place = 0; place < places; place++) {
    // one connection, so that the other side learns from its end that the process has ended
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agents.push(agent);
    void serve(new Runtime(`http://${host}/2018-06-01/runtime/`, agent), handler, closed.signal);
  }
  return () => {
    closed.abort();
    for (const agent of agents) agent.destroy();
  };
}

async function serve(
  runtime: Runtime,
  handler: StreamingHandler,
  closed: AbortSignal,
): Promise<void> {
  while (!closed.aborted) {
    try {
      await runtime.answerNext(handler);
    } catch (error) {
      if (closed.aborted) return;
      process.stderr.write(`lambda: ${String(error)}\n`);
      await sleep(RETRY_MS);
    }
  }
}

class Runtime {
  private readonly base: string;
  private readonly agent: Agent;

  constructor(base: string, agent: Agent) {
    this.base = base;
    this.agent = agent;
  }

  async answerNext(handler: StreamingHandler): Promise<void> {
    const next = await this.ask("invocation/next");
    const event: unknown = JSON.parse(await text(next));
    const id = String(next.headers["lambda-runtime-aws-request-id"]);
    const deadlineMs = Number(next.headers["lambda-runtime-deadline-ms"]);
    const context = {
      awsRequestId: id,
      invokedFunctionArn: next.headers["lambda-runtime-invoked-function-arn"],
      getRemainingTimeInMillis: () => deadlineMs - Date.now(),
    };
    const stream = openResponseStream(new URL(`invocation/${id}/response`, this.base), this.agent);
    const sent = new Promise<void>((resolve, reject) => {
      stream.once("response", (response) => void response.resume().once("close", () => resolve()));
      stream.once("error", reject);
    });
    sent.catch(() => {}); // awaited below
    try {
      await handler(event, stream, context);
    } catch (error) {
      const words = error instanceof Error ? error.stack : String(error);
      process.stderr.write(`lambda: ${words}\n`);
      return this.fail(id, stream, sent);
    }
    return sent;
  }

  private async fail(id: string, stream: ResponseStream, sent: Promise<void>): Promise<void> {
    if (stream.headersSent) {
      if (!stream.destroyed) failStream(stream, "Runtime.UnhandledError");
      return sent;
    }
    stream.destroy();
    const failed = { "Lambda-Runtime-Function-Error-Type": "Unhandled" };
    (await this.ask(`invocation/${id}/error`, failed)).resume();
  }

  private ask(path: string, failed?: Record<string, string>): Promise<IncomingMessage> {
    const { agent } = this;
    return new Promise((resolve, reject) => {
      const options = { agent, method: failed ? "POST" : "GET", headers: failed ?? {} };
      request(new URL(path, this.base), options, resolve).once("error", reject).end();
    });
  }
}
