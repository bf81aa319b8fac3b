/** Which callers a policy may name, by what the gateway asks its callers for. */
import { couldBeKeyCaller, keyCallerFault } from "@airlock/identity";

/** `any`: whoever it is; `jwt`: the names in tokens; `api-key`: owners of API keys. */
export const CALLER_KINDS = ["any", "jwt", "api-key"] as const;
export type CallerKind = (typeof CALLER_KINDS)[number];

/**
 * What is wrong with a glob of callers, or undefined: a rule about somebody who cannot come matches
 * nothing, and one that denies would leave its door open.
 */
export function callerFault(glob: string, kind: CallerKind): string | undefined {
  if (kind === "api-key" && glob !== "") return keyCallerFault(glob);
  if (kind === "jwt" && glob.startsWith("aws:") && couldBeKeyCaller(glob)) {
    return `${glob} is the caller of an API key, and the gateway asks for tokens; write what the token's claim says`;
  }
  return undefined;
}
