/** The prover of GATEWAY_AUTH=api-key: who the end caller is, by a key of the jobs API. */
import { keyCaller } from "./api-keys/key-caller.ts";
import type { GoodKey, KeyChecker, KeyVerdict } from "./api-keys/key-checker.ts";
import {
  type AllowedCaller,
  CALLER_REFUSED,
  type CallerProver,
  type RefusedCaller,
} from "./caller-prover.ts";

const DETAIL = "API keys cannot be checked at the moment; try again shortly.";

/** A caller is the owner's AWS session, without groups. What is refused, is so in the words of jobs. */
export function callerKeys(checker: KeyChecker): CallerProver {
  return {
    known(rawHeaders) {
      const found = checker.known(rawHeaders);
      return found && ownerOf(found);
    },
    async prove(rawHeaders) {
      try {
        const verdict = await checker.check(rawHeaders);
        return verdict.ok ? ownerOf(verdict) : refused(verdict);
      } catch (error) {
        return unchecked(error);
      }
    },
    lineOf: ({ status, error }) =>
      status === 503
        ? { level: "warn", message: "API keys cannot be checked", fields: { error } }
        : CALLER_REFUSED,
    // a service that knows keys may be gone for a while: the door stays, and says so
    isReady: () => true,
  };
}

const ownerOf = ({ key }: GoodKey): AllowedCaller => ({
  allow: true,
  caller: keyCaller(key),
  groups: [],
});

function refused(verdict: Extract<KeyVerdict, { ok: false }>): RefusedCaller {
  const { status, code, detail, wwwAuthenticate, state: reason } = verdict;
  const headers = { "www-authenticate": wwwAuthenticate };
  return { allow: false, status, code, detail, reason, headers };
}

const unchecked = (error: unknown): RefusedCaller => ({
  allow: false,
  status: 503,
  code: "keys_unavailable",
  detail: DETAIL,
  reason: "unavailable",
  headers: { "retry-after": "1" },
  error,
});
