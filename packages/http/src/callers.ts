/** How the public service lets its callers in, and how often: by the proof that packages/identity checks. */
import { type ProblemCode, ProblemError } from "@airlock/contract";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Admission } from "./admission.ts";
import type { RateLimit } from "./rate-limit.ts";

const DETAILS = {
  401: "This path answers callers who say who they are.",
  403: "This caller may not call here.",
  503: "It cannot be checked who is calling; try again shortly.",
} as const;

interface Allowed {
  readonly allow: true;
  readonly caller: string | undefined;
  readonly groups: readonly string[];
}

/** What is needed of a CallerGuard of packages/identity. */
export interface CallerCheck {
  known(rawHeaders: readonly string[]): Allowed | undefined;
  check(rawHeaders: readonly string[]): Promise<
    | Allowed
    | {
        readonly allow: false;
        readonly status: keyof typeof DETAILS;
        readonly code: ProblemCode;
        readonly detail?: string;
        readonly reason: string;
        readonly headers: Readonly<Record<string, string>>;
      }
  >;
}

export interface CallerAdmissionOptions {
  /** Undefined lets everybody in. */
  readonly callers: CallerCheck | undefined;
  /** For one caller, or for one address where the caller is not known. */
  readonly limit: RateLimit | undefined;
  /** Whether this is somebody else's door: who calls is asked behind it, and counted by its routes. */
  readonly isAskedBehind: (request: FastifyRequest) => boolean;
}

/**
 * Whoever is known from a moment ago counts as a caller. Anybody else counts for its address before the
 * proof is looked at, so that guessing is limited and costs nobody a question; an address gets back
 * what was counted for a good proof. Paths marked as open (docs, `/health`) are limited, not asked.
 */
export function admitCallers(options: CallerAdmissionOptions): Admission {
  const { callers, limit, isAskedBehind } = options;

  const enter = (request: FastifyRequest, reply: FastifyReply, { caller, groups }: Allowed) => {
    request.caller = caller;
    request.groups = groups;
    limit?.spend(request, reply);
  };

  const ask = async (request: FastifyRequest, reply: FastifyReply, guard: CallerCheck) => {
    const held = await limit?.hold(request, reply);
    const decision = await guard.check(request.raw.rawHeaders); // which never rejects
    held?.settle(decision.allow);
    if (decision.allow) return enter(request, reply, decision);
    const { status, code, headers, reason, detail = DETAILS[status] } = decision;
    request.logFields = { caller_refused: reason };
    throw new ProblemError(code, detail, { headers });
  };

  return {
    admit(request, reply) {
      const { isOpen, answersAnybody } = request.routeOptions.config;
      if (isAskedBehind(request)) return;
      if (isOpen || answersAnybody || !callers) return limit?.spend(request, reply);
      const known = callers.known(request.raw.rawHeaders);
      return known ? enter(request, reply, known) : ask(request, reply, callers);
    },
    countRefused: (request, reply) => limit?.spend(request, reply),
    countUnreadable: (client) => limit?.spendFor(client),
  };
}
