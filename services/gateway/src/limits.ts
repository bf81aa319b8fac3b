/** How often: limits by caller or address, each with a count of its own. */
import { ProblemError } from "@airlock/contract";
import type { Admit, App } from "@airlock/http";
import rateLimit, { type CreateRateLimitOptions } from "@fastify/rate-limit";
import type { FastifyReply, FastifyRequest } from "fastify";

export interface LimitOptions {
  /** 0 means no limit. */
  readonly perMinute: number;
  /** Whom a request counts for; unset means its address. */
  readonly countedFor?: (request: FastifyRequest) => string;
}

/** @returns what lets a request in or throws `rate_limited`; undefined for no limit. */
export async function createLimit(
  app: App,
  { perMinute, countedFor = networkOf }: LimitOptions,
): Promise<Admit | undefined> {
  if (perMinute === 0) return undefined;
  if (!app.hasDecorator("createRateLimit")) await app.register(rateLimit, { global: false });
  const options: CreateRateLimitOptions = { max: perMinute, timeWindow: "1 minute" };
  const count = app.createRateLimit({ ...options, keyGenerator: countedFor });
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const state = await count(request);
    if (state.isAllowed) return;
    const { remaining, ttlInSeconds } = state;
    // https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers, in its three-field form
    reply.headers({
      "ratelimit-limit": String(perMinute),
      "ratelimit-remaining": String(remaining),
      "ratelimit-reset": String(ttlInSeconds),
    });
    if (!state.isExceeded) return;
    throw new ProblemError(
      "rate_limited",
      `At most ${perMinute} requests a minute are taken here.`,
      {
        headers: { "retry-after": String(ttlInSeconds) },
      },
    );
  };
}

const networkOf = ({ client }: FastifyRequest): string => client.network;
