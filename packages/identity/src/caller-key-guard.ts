/** The outer door of GATEWAY_AUTH=api-key: who the end caller is, by a key of the jobs API. */

import { keyCaller } from "./api-keys/key-caller.ts";
import type { GoodKey, KeyChecker, KeyVerdict } from "./api-keys/key-checker.ts";
import {
  CALLER_REFUSED,
  type CallerDecision,
  type CallerGuard,
  type CallerGuardOptions,
  type CallerReason,
} from "./caller-guard.ts";
import { tellOutcomes } from "./outcomes.ts";

export interface CallerKeyGuardOptions extends Omit<CallerGuardOptions, "verifier"> {
  readonly checker: KeyChecker;
}

const DETAIL = "API keys cannot be checked at the moment; try again shortly.";

/** A caller is the owner's AWS session, without groups. What is refused, is so in the words of jobs. */
export function createCallerKeyGuard(options: CallerKeyGuardOptions): CallerGuard {
  const { checker } = options;
  const outcomes = tellOutcomes<CallerReason>(options);

  const refuse = (verdict: Extract<KeyVerdict, { ok: false }>): CallerDecision => {
    const { status, code, detail, wwwAuthenticate, state: reason } = verdict;
    outcomes.refused(reason, CALLER_REFUSED);
    const headers = { "www-authenticate": wwwAuthenticate };
    return { allow: false, status, code, detail, reason, headers };
  };
  const cannotTell = (error: unknown): CallerDecision => {
    const reason = "unavailable";
    const message = "API keys cannot be checked";
    outcomes.refused(reason, { level: "warn", message, fields: { error } });
    const headers = { "retry-after": "1" };
    return { allow: false, status: 503, code: "keys_unavailable", detail: DETAIL, reason, headers };
  };

  const enter = ({ key }: GoodKey): Extract<CallerDecision, { allow: true }> => {
    outcomes.verified();
    return { allow: true, caller: keyCaller(key), groups: [] };
  };

  return {
    known(rawHeaders) {
      const found = checker.known(rawHeaders);
      return found && enter(found);
    },
    async check(rawHeaders) {
      let verdict: KeyVerdict;
      try {
        verdict = await checker.check(rawHeaders);
      } catch (error) {
        return cannotTell(error);
      }
      return verdict.ok ? enter(verdict) : refuse(verdict);
    },
    // a service that knows keys may be gone for a while: the door stays, and says so
    isReady: () => true,
  };
}
