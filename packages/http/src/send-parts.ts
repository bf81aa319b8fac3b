/** Sends a body in the parts that it is in, without Fastify's way from a payload to a response. */
import type { FastifyReply } from "fastify";
import { endsConnection } from "./connections.ts";

/**
 * What the hooks behind `send` see to is seen to here: the headers of every answer, and that the
 * connection ends where it must. Parts are not put together first: at 60 KB the copy costs more than
 * all else that is done with a body.
 *
 * @param headers all that the answer has of its own, by names in small letters; not Content-Length,
 * and nothing that was set on the reply.
 */
export function sendParts(
  reply: FastifyReply,
  status: number,
  headers: Readonly<Record<string, string>>,
  parts: readonly Buffer[],
): void {
  const { raw, request } = reply;
  const list: string[] = [];
  for (const name in headers) list.push(name, headers[name] ?? "");
  const { answerHeaders } = request;
  for (let index = 0; index < answerHeaders.length; index += 2) {
    const name = answerHeaders[index] ?? "";
    if (headers[name] === undefined) list.push(name, answerHeaders[index + 1] ?? "");
  }
  let sizeBytes = 0;
  for (const part of parts) sizeBytes += part.length;
  list.push("content-length", String(sizeBytes));
  if (endsConnection(reply, false)) list.push("connection", "close");
  reply.hijack();
  raw.writeHead(status, list); // a flat list goes out as it is
  const last = parts.length - 1;
  if (last > 0) raw.cork(); // one call of the system for all of them
  for (let index = 0; index < last; index++) raw.write(parts[index]);
  raw.end(parts[last]);
}
