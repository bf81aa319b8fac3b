/** The outer door: what both provers of end callers find. */
import type { KeyRefusal, RefusedKeyState } from "./api-keys/key-refusals.ts";
import type { Allowed, Guard, Prover, RefusalLine, Refused } from "./guard.ts";
import type { Reason, RefusalCode } from "./verify-result.ts";

export interface AllowedCaller extends Allowed {
  readonly caller: string;
  readonly groups: readonly string[];
}

/** Why a caller was refused, by a token or by a key; a closed list. */
export type CallerReason = Reason | RefusedKeyState;

type Code = RefusalCode | KeyRefusal["code"] | "keys_unavailable";

export interface RefusedCaller extends Refused<Code, CallerReason> {
  /** For the log: why it cannot be checked. */
  readonly error?: unknown;
}

export type CallerProver = Prover<AllowedCaller, RefusedCaller>;
export type CallerGuard = Guard<AllowedCaller, RefusedCaller>;

/** What refuses a caller is the client's doing: nobody has to act on it. */
export const CALLER_REFUSED: RefusalLine = { level: "info", message: "caller refused" };
