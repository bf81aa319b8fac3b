/** What a refused HEAD would have said, for the gateway: an answer to HEAD has no body. */
import { PROBLEM_HEADER } from "@airlock/contract";
import type { onSendHookHandler } from "fastify";

/** Of a route with HEAD. */
export const tellProblem: onSendHookHandler = (request, reply, payload, done) => {
  if (request.method === "HEAD" && reply.statusCode >= 400 && typeof payload === "string") {
    reply.header(PROBLEM_HEADER, encodeURIComponent(payload));
  }
  done();
};
