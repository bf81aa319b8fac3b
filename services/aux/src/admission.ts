/** Lets the gateway in, by the proof it carries, and nobody else. */
import { ProblemError } from "@airlock/contract";
import type { Admit } from "@airlock/http";
import type { LayerGuard } from "@airlock/identity";

const DETAILS = {
  401: "This service answers its own callers only.",
  403: "This caller may not call here.",
  503: "It cannot be checked who is calling; try again shortly.",
} as const;

/** The reason of a refusal goes to the log; the caller learns the status alone. */
export function admitLayer(guard: LayerGuard): Admit {
  return async (request) => {
    const decision = await guard.check(request.raw.rawHeaders);
    if (decision.allow) {
      request.caller = decision.caller;
      request.groups = decision.groups;
      if (decision.wouldRefuse) request.logFields = { layer_would_refuse: decision.wouldRefuse };
      return;
    }
    const { status, code, headers, reason } = decision;
    request.logFields = { layer_refused: reason };
    throw new ProblemError(code, DETAILS[status], { headers });
  };
}
