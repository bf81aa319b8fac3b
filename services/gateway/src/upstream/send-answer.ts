/** How an answer of the upstream becomes the answer to the client. */
import { Readable } from "node:stream";
import { headersForOne } from "@airlock/http";
import type { FastifyReply } from "fastify";
import type { Answer, Method } from "./exchange.ts";
import { clientHeaders } from "./headers.ts";
import { relayedProblem } from "./relayed-problem.ts";
import type { Timing } from "./timing.ts";
import { isUsable } from "./usable-answer.ts";

/** How the upstream was asked. */
interface Asked {
  readonly method?: Method;
  readonly timing: Timing;
  readonly ownHeaders?: Readonly<Record<string, string>>;
}

export function sendAnswer(reply: FastifyReply, answer: Answer, asked: Asked): void {
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
  const passed = clientHeaders(headers, isObject);
  const isForOne = request.caller !== undefined || asked.ownHeaders !== undefined;
  if (status === 304) reply.removeHeader("cache-control"); // but for what it says itself
  reply
    .code(status)
    .headers(isForOne ? headersForOne({ status, headers: passed }, "authorization") : passed);
  if (status === 304) return void reply.send();
  const length = headers["content-length"];
  const isHead = asked.method === "HEAD";
  if (length !== undefined && (isHead || body instanceof Readable)) {
    reply.header("content-length", length);
  }
  if (isHead) return void reply.send();
  reply.send(body);
}
