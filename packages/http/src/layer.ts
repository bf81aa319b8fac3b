/** How an internal service lets its callers in: by the proof that packages/identity checks. */
import { type ProblemCode, ProblemError } from "@airlock/contract";
import type { FastifyRequest } from "fastify";
import { Counter, Gauge } from "prom-client";
import type { Admission } from "./admission.ts";
import { clientAddressOf } from "./client-address.ts";
import type { Metrics } from "./metrics.ts";

const DETAILS = {
  401: "This service answers its own callers only.",
  403: "This caller may not call here.",
  503: "It cannot be checked who is calling; try again shortly.",
} as const;

/** What is needed of a LayerGuard of packages/identity. */
export interface LayerCheck {
  check(rawHeaders: readonly string[]): Promise<
    | {
        readonly allow: true;
        readonly caller?: string;
        readonly groups?: readonly string[];
        readonly client?: string;
        readonly wouldRefuse?: string;
      }
    | {
        readonly allow: false;
        readonly status: keyof typeof DETAILS;
        readonly code: ProblemCode;
        readonly headers: Readonly<Record<string, string>>;
        readonly reason: string;
      }
  >;
  /** Whether there is a proof, and a good one; nobody is refused. */
  knows(rawHeaders: readonly string[]): Promise<boolean>;
}

/** The reason of a refusal goes to the log; the caller learns the status alone. */
export function admitLayer(guard: LayerCheck): Admission["admit"] {
  return async (request) => {
    if (request.routeOptions.config.answersAnybody) {
      request.isFromKnownService = await guard.knows(request.raw.rawHeaders);
      return;
    }
    const decision = await guard.check(request.raw.rawHeaders);
    if (decision.allow) {
      request.caller = decision.caller;
      request.groups = decision.groups;
      believe(request, decision.client);
      if (decision.wouldRefuse) request.logFields = { layer_would_refuse: decision.wouldRefuse };
      return;
    }
    const { status, code, headers, reason } = decision;
    request.logFields = { layer_refused: reason };
    throw new ProblemError(code, DETAILS[status], { headers });
  };
}

/** From here on the request counts for the client of the calling service, not for that service. */
function believe(request: FastifyRequest, told: string | undefined): void {
  const client = told === undefined ? undefined : clientAddressOf(told);
  if (client === undefined) return;
  request.client = client;
  request.isClientTold = true;
}

/**
 * @param keys of the issuer; undefined where no proof is checked.
 * @returns what counts each check by its outcome, a closed list of words.
 */
export function layerMetrics(
  { registry }: Pick<Metrics, "registry">,
  keys: { keysAgeSeconds(): number | undefined } | undefined,
): (outcome: string) => void {
  const registers = [registry];
  const checks = new Counter({
    name: "airlock_layer_auth_checks_total",
    help: "Checks of the calling service by outcome (verified, or the reason); observe counts too.",
    labelNames: ["outcome"],
    registers,
  });
  if (keys) {
    new Gauge({
      name: "airlock_layer_auth_keys_age_seconds",
      help: "Seconds since the issuer's keys were last read; they serve for an hour.",
      registers,
      collect() {
        const age = keys.keysAgeSeconds();
        if (age !== undefined) this.set(age);
      },
    });
  }
  return (outcome) => checks.labels(outcome).inc();
}
