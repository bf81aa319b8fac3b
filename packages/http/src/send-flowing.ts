/** Sends a body that comes for as long as it lasts: its head at once, however late its first byte is. */
import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import { whenClosed } from "./when-closed.ts";

/**
 * One that breaks off, or is left when the server closes, ends without its last chunk: who reads it
 * can tell that from its end. Nothing is logged of it but the request's line.
 *
 * @param lastWords what an answer ends with when the server closes, whole, where whoever reads it knows
 * by itself what it lacks.
 */
export function sendFlowing(reply: FastifyReply, body: Readable, lastWords?: string): FastifyReply {
  const { request, server } = reply;
  if (request.method === "HEAD") {
    body.destroy();
    // by what it is Fastify knows that its length is not known
    return reply.send(Readable.from([]));
  }
  const end = () => {
    if (lastWords === undefined) return void body.destroy(new Error("the server closes"));
    body.unpipe(reply.raw);
    reply.raw.end(lastWords, () => body.destroy());
  };
  server.draining.addEventListener("abort", end, { once: true });
  whenClosed(body, () => server.draining.removeEventListener("abort", end));
  body.once("error", () => {
    request.brokenStatus ??= BROKEN_OFF;
  });
  // a proxy that collects answers first would have it when it is of no use any more
  reply.header("x-accel-buffering", "no");
  // the headers are set when it begins to flow
  body.once("resume", () => reply.raw.flushHeaders());
  reply.send(body);
  if (server.draining.aborted) end();
  return reply;
}

/** In the log: it has begun with 200. */
const BROKEN_OFF = 503;
