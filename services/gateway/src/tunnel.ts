/** Passes a client's request for a tunnel to the upstream, and then bytes; a refusal comes back as all others do. */
import type { IncomingHttpHeaders } from "node:http";
import {
  clientLeft,
  openTunnel,
  passTunnel,
  type TunnelAnswer,
  TunnelError,
  type TunnelRequest,
} from "@airlock/http";
import type { LayerPresenter } from "@airlock/identity";
import type { FastifyReply, FastifyRequest } from "fastify";
import { CallError, relayedProblem, unavailable, upstreamProblem } from "./upstream/failures.ts";
import { upstreamHeaders } from "./upstream/passing.ts";
import type { OpenUpstream } from "./upstream/upstream.ts";

export interface TunnelTarget {
  /** Path and query at the upstream, built from checked parts only. */
  readonly path: string;
  /** The client's credentials. */
  readonly ownHeaders: Readonly<Record<string, string>>;
  /** Told the headers of the answer before it goes to the client. */
  readonly onAnswer?: ((headers: IncomingHttpHeaders) => void) | undefined;
}

/** @throws ProblemError */
export type TunnelForward = (
  request: FastifyRequest,
  reply: FastifyReply,
  target: TunnelTarget,
) => Promise<void>;

/** A little more than jobs takes. */
const ANSWER_MS = 9000;

/** @param layer proves to the upstream who is asking. */
export function createTunnelForward(upstream: OpenUpstream, layer?: LayerPresenter): TunnelForward {
  return async (request, reply, { path, ownHeaders, onAnswer }) => {
    const proof = layer?.headers(request.caller, request.groups, request.client.address);
    const headers = upstreamHeaders(request, ownHeaders, proof);
    const handshake = request.raw.headers;
    const answer = await ask(upstream, path, { headers, handshake, signal: clientLeft(reply) });
    onAnswer?.(answer.headers);
    if (!answer.isOpen) throw relayedProblem(answer, true);
    let leave = () => {};
    try {
      // only now: until it is known whose it is, it is a request in progress like another
      leave = request.takePlace("tunnel");
    } catch (error) {
      answer.socket.destroy();
      throw error;
    }
    void passTunnel(request, reply, answer).then(leave);
  };
}

/** Once more when no connection was made. That the client has left says nothing of the upstream. */
async function ask(
  upstream: OpenUpstream,
  path: string,
  asked: Pick<TunnelRequest, "headers" | "handshake" | "signal">,
): Promise<TunnelAnswer> {
  const { origin, lookup, prefix, breaker, retries, counts } = upstream;
  for (let tries = 1; ; tries++) {
    if (breaker.isOpen) throw unavailable();
    try {
      const answer = await openTunnel({
        ...{ ...asked, origin, lookup },
        path: prefix + path,
        timeoutMs: ANSWER_MS,
      });
      breaker.callEnded(true);
      return answer;
    } catch (error) {
      if (!(error instanceof TunnelError)) throw error;
      const { failure, message } = error;
      if (failure === "connect") breaker.connectFailed();
      else breaker.callEnded(false);
      if (failure !== "connect" || tries > 1 || !retries.spend()) {
        throw upstreamProblem(new CallError(failure, message, error));
      }
      counts.retried();
    }
  }
}
