/** Whose keys jobs took a moment ago. For limits alone: jobs checks every key of every request itself. */
import type { IncomingHttpHeaders } from "node:http";
import { type RateLimit, whenClosed } from "@airlock/http";
import { CALLER_HEADER, callerIn, presentedKeyHash } from "@airlock/identity";
import type { FastifyReply, FastifyRequest } from "fastify";
import { LRUCache } from "lru-cache";

/** Told the headers of the answer of jobs, which name the owner of a key that was good. */
export type OnAnswer = (headers: IncomingHttpHeaders) => void;

export interface KeyHolders {
  /**
   * Counts a request with a key of jobs: for the key's owner, where jobs named that a moment ago, else for
   * the address, which has it back when the answer names an owner.
   *
   * @throws ProblemError rate_limited.
   */
  count(request: FastifyRequest, reply: FastifyReply): Promise<OnAnswer>;
}

/** As long as a key that was looked up is known; a revoked one must not spend what is its former owner's. */
const KNOWN_MS = 900;
const MAX_KEYS = 50_000;

export function createKeyHolders(limit: RateLimit): KeyHolders {
  const owners = new LRUCache<string, { readonly caller: string; readonly untilMs: number }>({
    max: MAX_KEYS,
  });
  return {
    async count(request, reply) {
      const startedMs = performance.now();
      const hash = presentedKeyHash(request.raw.rawHeaders);
      const owner = hash === undefined ? undefined : owners.get(hash);
      if (owner && owner.untilMs > startedMs) {
        limit.spend(request, owner.caller);
        return () => {};
      }
      const held = await limit.hold(request);
      let isSettled = false;
      const settle = (isKnown: boolean) => {
        if (!isSettled) held.settle(isKnown);
        isSettled = true;
      };
      whenClosed(reply.raw, () => settle(false));
      return (headers) => {
        const named = headers[CALLER_HEADER];
        const caller = typeof named === "string" ? callerIn([CALLER_HEADER, named]) : undefined;
        if (hash === undefined || typeof caller !== "string") return settle(false);
        settle(true);
        // who has nothing left is refused here until the minute is over, not asked about again
        const emptyMs = limit.note(caller, request) * 1000;
        owners.set(hash, {
          caller,
          untilMs: Math.max(startedMs + KNOWN_MS, performance.now() + emptyMs),
        });
      };
    },
  };
}
