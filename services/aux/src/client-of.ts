/** Who has a share of his own of what is scarce. */
import type { FastifyRequest } from "fastify";

/**
 * The caller, else the network of the client; undefined where nobody tells whom a request is for: the peer
 * then is a gateway, and all of its clients would share.
 */
export function clientOf({ caller, client, isClientTold }: FastifyRequest): string | undefined {
  if (caller !== undefined) return `caller ${caller}`;
  return isClientTold ? `address ${client.network}` : undefined;
}
