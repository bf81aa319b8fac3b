/** How an internal service lets its callers in: by the proof that packages/identity checks. */
import type { FastifyRequest } from "fastify";
import { type Admission, type GuardCheck, type RefusalWords, refusalProblem } from "./admission.ts";
import { clientAddressOf } from "./client-address.ts";
import { type Keys, showKeysAge } from "./keys-age.ts";
import type { Metrics } from "./metrics.ts";
import { countWords } from "./word-counts.ts";

const REFUSAL: RefusalWords = {
  logField: "layer_refused",
  details: {
    401: "This service answers its own callers only.",
    403: "This caller may not call here.",
    503: "It cannot be checked who is calling; try again shortly.",
  },
};

interface AllowedLayer {
  readonly allow: true;
  readonly caller?: string;
  readonly groups?: readonly string[];
  readonly client?: string;
  /** Who has called under a role. */
  readonly session?: string;
  readonly wouldRefuse?: string;
}

export interface LayerCheck<Via = unknown> extends GuardCheck<AllowedLayer, Via> {
  /** Whether there is a proof, and a good one; nobody is refused. */
  knows(rawHeaders: readonly string[], via?: Via): Promise<boolean>;
}

/** @param viaOf what a request came through, for a service that has something before it that checks callers. */
export function admitLayer<Via>(
  guard: LayerCheck<Via>,
  viaOf: (request: FastifyRequest) => Via | undefined = () => undefined,
): Admission["admit"] {
  const enter = (request: FastifyRequest, allowed: AllowedLayer) => {
    request.caller = allowed.caller;
    request.groups = allowed.groups;
    believe(request, allowed.client);
    const { session, wouldRefuse } = allowed;
    if (session) request.logFields = { layer_session: session };
    if (wouldRefuse) request.logFields = { layer_would_refuse: wouldRefuse };
  };
  const ask = async (request: FastifyRequest) => {
    const decision = await guard.check(request.raw.rawHeaders, viaOf(request));
    if (decision.allow) return enter(request, decision);
    throw refusalProblem(request, decision, REFUSAL);
  };
  const look = async (request: FastifyRequest) => {
    const { rawHeaders } = request.raw;
    request.isFromKnownService = await guard.knows(rawHeaders, viaOf(request));
  };
  return (request) => {
    if (request.route.config.answersAnybody) return look(request);
    const known = guard.known(request.raw.rawHeaders, viaOf(request));
    return known ? enter(request, known) : ask(request);
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
  keys: Keys | undefined,
): (outcome: string) => void {
  showKeysAge(registry, keys, {
    name: "airlock_layer_auth_keys_age_seconds",
    help: "Seconds since the issuer's keys were last read; they serve for an hour.",
  });
  return countWords(registry, {
    label: "outcome",
    name: "airlock_layer_auth_checks_total",
    help: "Checks of the calling service by outcome (verified, or the reason); observe counts too.",
  });
}
