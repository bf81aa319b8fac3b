/** Sends a body that comes for as long as it lasts: its head at once, however late its first byte is. */
import type { Readable } from "node:stream";
import type { FastifyReply } from "fastify";

/**
 * One that breaks off, or is left when the server closes, ends without its last chunk: who reads it
 * can tell that from its end. Nothing is logged of it but the request's line.
 */
export function sendFlowing(reply: FastifyReply, body: Readable): FastifyReply {
  const { request, server } = reply;
  const end = () => body.destroy(new Error("the server closes"));
  server.draining.addEventListener("abort", end, { once: true });
  if (server.draining.aborted) end();
  body.once("close", () => server.draining.removeEventListener("abort", end));
  body.once("error", () => {
    request.brokenStatus ??= BROKEN_OFF;
  });
  // the headers are set when it begins to flow
  body.once("resume", () => reply.raw.flushHeaders());
  return reply.send(body);
}

/** In the log: it has begun with 200. */
const BROKEN_OFF = 503;
