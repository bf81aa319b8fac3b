/** How the public service lets its callers in, and how often: by the proof that packages/identity checks. */
import type { FastifyRequest } from "fastify";
import { type Admission, type GuardCheck, type RefusalWords, refusalProblem } from "./admission.ts";
import { type Keys, showKeysAge } from "./keys-age.ts";
import type { Metrics } from "./metrics.ts";
import type { RateLimit } from "./rate-limit.ts";
import { countWords } from "./word-counts.ts";

const REFUSAL: RefusalWords = {
  logField: "caller_refused",
  details: {
    401: "This path answers callers who say who they are.",
    403: "This caller may not call here.",
    503: "It cannot be checked who is calling; try again shortly.",
  },
};

interface AllowedCaller {
  readonly allow: true;
  readonly caller: string;
  readonly groups: readonly string[];
}

type CallerCheck = GuardCheck<AllowedCaller>;

export interface CallerAdmissionOptions {
  /** Undefined lets everybody in. */
  readonly callers: CallerCheck | undefined;
  /** For one caller, or for one address where the caller is not known. */
  readonly limit: RateLimit | undefined;
  /** What the paths behind somebody else's door begin with: who calls is asked there, and counted by its routes. */
  readonly askedBehind: string | undefined;
}

/**
 * Whoever is known from a moment ago counts as a caller. Anybody else counts for its address before the
 * proof is looked at, so that guessing is limited and costs nobody a question; an address gets back
 * what was counted for a good proof. Paths marked as open (docs, `/health`) are limited, not asked.
 */
export function admitCallers(options: CallerAdmissionOptions): Admission {
  const { callers, limit, askedBehind } = options;

  const enter = (request: FastifyRequest, { caller, groups }: AllowedCaller) => {
    request.caller = caller;
    request.groups = groups;
    limit?.spend(request);
  };

  const ask = async (request: FastifyRequest, guard: CallerCheck) => {
    const held = await limit?.hold(request);
    const decision = await guard.check(request.raw.rawHeaders);
    held?.settle(decision.allow);
    if (decision.allow) return enter(request, decision);
    throw refusalProblem(request, decision, REFUSAL);
  };

  return {
    admit(request) {
      const { isOpen, answersAnybody } = request.route.config;
      if (askedBehind !== undefined && isBelow(askedBehind, request)) return;
      if (isOpen || answersAnybody || !callers) return limit?.spend(request);
      const known = callers.known(request.raw.rawHeaders);
      return known ? enter(request, known) : ask(request, callers);
    },
    countRefused: (request) => limit?.spend(request),
    countUnreadable: (client) => limit?.spendFor(client),
  };
}

/** Paths too that only an older or a newer version has. */
const isBelow = (prefix: string, { is404, url, route }: FastifyRequest): boolean =>
  (is404 ? url : route.url)?.startsWith(prefix) === true;

/**
 * @param keys of the issuer of the callers' tokens; undefined where none are taken.
 * @returns what counts each check by its outcome, a closed list of words.
 */
export function callerMetrics(
  { registry }: Pick<Metrics, "registry">,
  keys: Keys | undefined,
): (outcome: string) => void {
  showKeysAge(registry, keys, {
    name: "airlock_caller_auth_keys_age_seconds",
    help: "Seconds since the keys of the callers' issuer were last read; they serve for an hour.",
  });
  return countWords(registry, {
    label: "outcome",
    name: "airlock_caller_auth_checks_total",
    help: "Checks of callers by outcome: verified, or the reason of the refusal.",
  });
}
