/** Ends work for a client that does not wait for it any more. */
import type { ServerResponse } from "node:http";
import type { FastifyReply } from "fastify";
import { connectionOf } from "./connections.ts";
import { whenClosed } from "./when-closed.ts";

/**
 * Whether all of an answer has been taken: by its connection or, where a request was dispatched without
 * one, as from a Lambda's event, by whoever has dispatched it.
 */
export function isTaken(raw: ServerResponse): boolean {
  return connectionOf(raw.req.socket) ? raw.writableFinished : raw.writableEnded;
}

/**
 * Aborted when the connection ends before the answer is whole. Fastify's `request.signal` will not do
 * for requests with a body: their stream closes, and the signal with it, as soon as the body is read.
 */
export function clientLeft({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  whenClosed(raw, () => {
    if (!isTaken(raw)) controller.abort();
  });
  return controller.signal;
}
