/** The answer that was given under an idempotency key. */
import type { Queryable } from "../../queryable.ts";
import type { IdempotencyKey } from "./claim-key.ts";

export interface AnswerRow {
  readonly fingerprint: string;
  readonly status: number | null;
  readonly response: unknown;
}

const SQL = `
SELECT fingerprint, status, response FROM idempotency_keys
WHERE user_id = $1::integer AND route = $2 AND idempotency_key = $3`;

export async function findAnswer(
  db: Queryable,
  { userId, route, key }: IdempotencyKey,
): Promise<AnswerRow | undefined> {
  return (await db.query<AnswerRow>(SQL, [userId, route, key])).rows[0];
}
