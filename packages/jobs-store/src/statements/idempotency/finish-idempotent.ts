/** Keeps the answer for whoever asks the same again. */
import type { Queryable } from "../../queryable.ts";
import type { IdempotencyKey } from "./claim-key.ts";

export interface FinishIdempotentArgs extends IdempotencyKey {
  readonly status: number;
  /** Must hold no secret: it stays readable in the database for a day. */
  readonly response: object;
}

const SQL = `
UPDATE idempotency_keys SET status = $4::integer, response = $5::json
WHERE user_id = $1::integer AND route = $2 AND idempotency_key = $3`;

export async function finishIdempotent(
  transaction: Queryable,
  { userId, route, key, status, response }: FinishIdempotentArgs,
): Promise<void> {
  await transaction.query(SQL, [userId, route, key, status, JSON.stringify(response)]);
}
