/** Waits for another answer than the one that a client has. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { type Answer, Call, type CallOwner, type CallRequest, refuse } from "./call.ts";
import { DeadlineError } from "./failures.ts";
import { shareKey, upstreamHeaders, type Wishes, wishesOf, withWord } from "./passing.ts";
import { joinOthers, Reader, SHARED_BYTES } from "./share.ts";
import type { Route } from "./upstream.ts";

/** What the upstream may take longer than the wait that it was asked for; then it is asked for what there is. */
const WAIT_GRACE_MS = 100;
/** With less than this left a client is answered: the upstream waits for whole seconds. */
export const LEAST_WAIT_MS = 500;

/**
 * Waits in the call that another client began, if there is one, and in the next one when that ends
 * too early for this client, or with what concerns the other alone.
 *
 * @param began told whenever a call is begun for this client.
 * @returns undefined when it is time to answer with what there is now.
 */
export async function readChanged(
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
  waitSeconds: number,
  began: () => void,
): Promise<Answer | undefined> {
  refuse(route.upstream, "wait");
  const wishes = wishesOf(request.raw);
  const key = `wait ${shareKey(path, wishes, request)}`;
  const leave = request.takePlace("wait");
  const endsAt = performance.now() + waitSeconds * 1000;
  try {
    for (let leftMs = waitSeconds * 1000; ; ) {
      const word = `wait=${Math.round(leftMs / 1000)}s`;
      const call = (owner: CallOwner) => {
        began();
        return new Call(
          route.upstream,
          waitCall(route, request, withWord(path, word), wishes),
          owner,
        );
      };
      let isOwn = true;
      const answer = await new Promise<Answer | undefined>((answered, failed) => {
        const { draining } = request.server;
        const limitMs = leftMs + WAIT_GRACE_MS;
        const reader = new Reader(reply.raw, request.id, limitMs, { answered, failed }, draining);
        joinOthers(route, request, reader, key, { call });
        isOwn = reader.sharedWith === undefined;
      });
      leftMs = endsAt - performance.now();
      // another's time was up, or another has too many waits there
      const isOthers = answer?.status === 304 || answer?.status === 429;
      if (isOwn || !isOthers || leftMs < LEAST_WAIT_MS) return answer;
    }
  } catch (error) {
    if (error instanceof DeadlineError) return undefined;
    throw error;
  } finally {
    leave();
  }
}

function waitCall(
  { layer }: Route,
  request: FastifyRequest,
  path: string,
  wishes: Wishes,
): CallRequest {
  const proof = layer?.headers(request.caller, request.groups, request.client.address);
  const headers = upstreamHeaders(request, wishes, proof);
  const how = { method: "GET", class: "wait", isRepeatable: true } as const;
  return { ...how, path, headers, bufferBytes: SHARED_BYTES };
}
