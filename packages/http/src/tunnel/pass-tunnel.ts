/** What a service in between does with a tunnel that the one behind has opened: it says so, and passes bytes. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { type TunnelEnd, takeConnection } from "./handshake.ts";
import type { TunnelAnswer } from "./open-tunnel.ts";
import { relay } from "./relay.ts";

/**
 * @param own headers of this service.
 * @returns how it ended, once it has.
 */
export async function passTunnel(
  request: FastifyRequest,
  reply: FastifyReply,
  { headers, socket: upstream, rest: answered }: Extract<TunnelAnswer, { isOpen: true }>,
  own: Readonly<Record<string, string>> = {},
): Promise<TunnelEnd> {
  const { tunnels } = request.server;
  const { socket: client, over } = takeConnection(request, reply);
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "upgrade: websocket",
    "connection: upgrade",
    `sec-websocket-accept: ${headers["sec-websocket-accept"]}`,
    `x-request-id: ${request.id}`,
    ...Object.entries(own).map(([name, value]) => `${name}: ${value}`),
  ];
  client.write(`${lines.join("\r\n")}\r\n\r\n`);
  if (answered.length > 0) client.write(answered);
  const { ended, goAway } = relay(client, upstream);
  const gone = tunnels.add(goAway);
  const end = await ended;
  gone();
  over(end);
  return end;
}
