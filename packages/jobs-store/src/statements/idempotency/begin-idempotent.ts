/** Lets one of several equal requests through; the others get its answer. */
import type { Queryable } from "../../queryable.ts";
import { type ClaimKeyArgs, claimKey } from "./claim-key.ts";
import { findAnswer } from "./find-answer.ts";

export type IdempotentBegin =
  /** Carry the request out, and call `finishIdempotent` in the same transaction. */
  | { readonly state: "first" }
  /** It was carried out before, and this was the answer. */
  | { readonly state: "repeated"; readonly status: number; readonly response: unknown }
  /** The key belongs to another request. */
  | { readonly state: "different" };

/**
 * Must run in the transaction that carries the request out. Others with the same key then wait
 * until it ends: on COMMIT they get its answer, on ROLLBACK one of them is let through.
 */
export async function beginIdempotent(
  transaction: Queryable,
  args: ClaimKeyArgs,
): Promise<IdempotentBegin> {
  if (await claimKey(transaction, args)) return { state: "first" };
  const found = await findAnswer(transaction, args);
  if (found && found.fingerprint !== args.fingerprint) return { state: "different" };
  if (found?.status == null) throw new Error("a request was committed without its answer");
  return { state: "repeated", status: found.status, response: found.response };
}
