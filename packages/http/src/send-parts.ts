/** Sends a body in the parts that it is in, without Fastify's way from a payload to a response. */
import type { FastifyReply } from "fastify";
import { endsConnection } from "./connections.ts";

/**
 * Status and headers are the reply's. What the hooks behind `send` see to is seen to here: that the
 * connection ends where it must. Parts are not put together first: at 60 KB the copy costs more than
 * all else that is done with a body.
 */
export function sendParts(reply: FastifyReply, parts: readonly Buffer[]): void {
  const { raw } = reply;
  const known = reply.getHeaders();
  const headers: string[] = [];
  for (const name in known) headers.push(name, String(known[name]));
  let sizeBytes = 0;
  for (const part of parts) sizeBytes += part.length;
  headers.push("content-length", String(sizeBytes));
  if (endsConnection(reply, false) && known.connection === undefined) {
    headers.push("connection", "close");
  }
  reply.hijack();
  raw.writeHead(reply.statusCode, headers); // a flat list goes out as it is
  const last = parts.length - 1;
  if (last > 0) raw.cork(); // one call of the system for all of them
  for (let index = 0; index < last; index++) raw.write(parts[index]);
  raw.end(parts[last]);
}
