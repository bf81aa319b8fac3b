/** Headers that an answer has unless its handler says otherwise: kept apart until it is sent. */
import type { FastifyRequest, onSendHookHandler } from "fastify";
import type { App } from "./app-type.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";

const OF_EVERY_ANSWER = Object.entries(SECURITY_HEADERS).flat();

/**
 * One list a request instead of a call for each header, and nothing that has to be collected again
 * where an answer is written without Fastify (see send-parts.ts).
 */
export function registerAnswerHeaders(app: App): void {
  app.decorateRequest("answerHeaders");
  app.addHook("onRequest", (request, _reply, done) => {
    request.answerHeaders = [...OF_EVERY_ANSWER, "x-request-id", request.id];
    done();
  });
  app.addHook("onSend", ({ answerHeaders }, reply, _payload, done) => {
    for (let index = 0; index < answerHeaders.length; index += 2) {
      const name = answerHeaders[index] ?? "";
      if (!reply.hasHeader(name)) reply.header(name, answerHeaders[index + 1]);
    }
    done();
  });
  app.addHook("onRoute", (route) => {
    if (route.method === "HEAD") route.onSend = [route.onSend ?? [], untellLength].flat();
  });
}

/**
 * By Fastify's routes for HEAD what sends nothing has a length of 0. Of a 304 the length is that of what GET would have,
 * and a 204 has none (RFC 9110 §8.6).
 */
const untellLength: onSendHookHandler = (_request, reply, _payload, done) => {
  if (reply.statusCode === 204 || reply.statusCode === 304) reply.removeHeader("content-length");
  done();
};

/** Instead of what was set before. @param name in small letters. */
export function setAnswerHeader(
  { answerHeaders }: FastifyRequest,
  name: string,
  value: string,
): void {
  const index = answerHeaders.indexOf(name);
  if (index < 0) answerHeaders.push(name, value);
  else answerHeaders[index + 1] = value;
}

/** @param name in small letters. */
export function removeAnswerHeader({ answerHeaders }: FastifyRequest, name: string): void {
  const index = answerHeaders.indexOf(name);
  if (index >= 0) answerHeaders.splice(index, 2);
}
