/** Ends work for a client that does not wait for it any more. */
import type { FastifyReply } from "fastify";

/**
 * Aborted when the connection ends before the answer is whole. Fastify's `request.signal` will not do
 * for requests with a body: their stream closes, and the signal with it, as soon as the body is read.
 */
export function clientLeft({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  raw.once("close", () => {
    if (!raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
