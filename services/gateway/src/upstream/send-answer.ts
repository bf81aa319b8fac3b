/** How an answer of the upstream becomes the answer to the client. */
import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import type { Answer } from "./exchange.ts";
import type { Target } from "./forward.ts";
import { clientHeaders } from "./headers.ts";
import { relayedProblem } from "./relayed-problem.ts";
import { CLIENT_IDLE_MS } from "./timing.ts";
import { isUsable } from "./usable-answer.ts";

/** @param asked how the upstream was asked. */
export function sendAnswer(
  reply: FastifyReply,
  answer: Answer,
  asked: Pick<Target, "method" | "timing" | "ownHeaders">,
): void {
  const { status, headers, body } = answer;
  const { request } = reply;
  const isObject = asked.timing === "stream";
  if (!isUsable(answer, isObject, request.headers)) {
    const problem = relayedProblem(answer, asked.ownHeaders !== undefined);
    if (problem.code === "upstream_rejected") {
      request.logFields = { ...request.logFields, rejected_upstream: true };
    }
    reply.send(problem);
    return;
  }
  if (body instanceof Readable && isObject) {
    reply.raw.setTimeout(CLIENT_IDLE_MS, () => reply.raw.destroy());
  }
  reply.code(status).headers(clientHeaders(headers, isObject));
  if (status === 304) return void reply.send();
  const length = headers["content-length"];
  const isHead = asked.method === "HEAD";
  if (length !== undefined && (isHead || body instanceof Readable)) {
    reply.header("content-length", length);
  }
  if (isHead) return void reply.send();
  reply.send(body);
}
