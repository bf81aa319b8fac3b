/** Who may pass the outer door, and how often. */
import { ProblemError } from "@airlock/contract";
import type { Admit, App } from "@airlock/http";
import type { CallerGuard } from "@airlock/identity";
import rateLimit from "@fastify/rate-limit";
import type { FastifyReply, FastifyRequest } from "fastify";

const DETAILS = {
  401: "This path answers callers who say who they are.",
  403: "This caller may not call here.",
  503: "It cannot be checked who is calling; try again shortly.",
} as const;

export interface AdmissionOptions {
  /** Undefined lets everybody in. */
  readonly callers: CallerGuard | undefined;
  /** For one caller, or for one address where the caller is not known; 0 means no limit. */
  readonly perMinute: number;
}

/**
 * Checks who is calling, then how often. A request without a valid proof counts for its address, so
 * that guessing is limited too. Paths marked as open (docs) are limited, not asked.
 */
export async function createAdmission(
  app: App,
  { callers, perMinute }: AdmissionOptions,
): Promise<Admit | undefined> {
  const limit = perMinute > 0 ? await createLimit(app, perMinute) : undefined;
  if (!callers) return limit;

  return async (request, reply) => {
    if (request.routeOptions.config.isOpen) return limit?.(request, reply);
    const decision = await callers.check(request.raw.rawHeaders);
    if (decision.allow) {
      request.caller = decision.caller;
      request.groups = decision.groups;
      return limit?.(request, reply);
    }
    await limit?.(request, reply);
    const { status, code, headers, reason } = decision;
    request.logFields = { caller_refused: reason };
    throw new ProblemError(code, DETAILS[status], { headers });
  };
}

async function createLimit(app: App, max: number): Promise<Admit> {
  await app.register(rateLimit, { global: false });
  const count = app.createRateLimit({
    max,
    timeWindow: "1 minute",
    keyGenerator: (request: FastifyRequest) =>
      request.caller === undefined ? `address ${request.ip}` : `caller ${request.caller}`,
  });
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const state = await count(request);
    if (state.isAllowed) return;
    const { remaining, ttlInSeconds } = state;
    // https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers, in its three-field form
    reply.headers({
      "ratelimit-limit": String(max),
      "ratelimit-remaining": String(remaining),
      "ratelimit-reset": String(ttlInSeconds),
    });
    if (!state.isExceeded) return;
    throw new ProblemError("rate_limited", `At most ${max} requests a minute are taken here.`, {
      headers: { "retry-after": String(ttlInSeconds) },
    });
  };
}
