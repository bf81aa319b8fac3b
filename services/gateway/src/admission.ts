/** Who may pass the outer door, and how often. */
import { ProblemError } from "@airlock/contract";
import type { Admit, App } from "@airlock/http";
import type { CallerGuard } from "@airlock/identity";
import type { FastifyRequest } from "fastify";
import { createLimit } from "./limits.ts";

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
  /** Whether this is somebody else's door: who calls is asked behind it. */
  readonly isAskedBehind: (request: FastifyRequest) => boolean;
}

/**
 * Checks who is calling, then how often. A request without a valid proof counts for its address, so
 * that guessing is limited too. Paths marked as open (docs) are limited, not asked.
 */
export async function createAdmission(
  app: App,
  { callers, perMinute, isAskedBehind }: AdmissionOptions,
): Promise<Admit | undefined> {
  const limit = await createLimit(app, {
    perMinute,
    countedFor: ({ caller, client }) =>
      caller === undefined ? `address ${client.network}` : `caller ${caller}`,
  });
  if (!callers) return limit;

  return async (request, reply) => {
    const isOpen = request.routeOptions.config.isOpen === true || isAskedBehind(request);
    if (isOpen) return limit?.(request, reply);
    const decision = await callers.check(request.raw.rawHeaders);
    if (decision.allow) {
      request.caller = decision.caller;
      request.groups = decision.groups;
      return limit?.(request, reply);
    }
    await limit?.(request, reply);
    const { status, code, headers, reason, detail = DETAILS[status] } = decision;
    request.logFields = { caller_refused: reason };
    throw new ProblemError(code, detail, { headers });
  };
}
