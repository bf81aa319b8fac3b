/** Reads the next orders of a queue; for a while nobody else does. */
import type { Queryable } from "../../queryable.ts";

export interface ReadOrdersArgs {
  readonly queue: string;
  readonly limit: number;
  /** So long they are out of sight. */
  readonly seconds: number;
}

export interface ReadOrder {
  /** A 64-bit number in decimal. */
  readonly msg_id: string;
  /** With the id it says which reading this is: PGMQ itself lets any reader change a message. */
  readonly read_ct: number;
  readonly message: unknown;
  /** Of the request that sent it, as it stands there; null without one. */
  readonly traceparent: string | null;
}

// by way of the whole row: PGMQ before 1.5 has no headers
const SQL = `
SELECT msg_id::text, read_ct, message, to_jsonb(taken) #>> '{headers,traceparent}' AS traceparent
FROM pgmq.read($1::text, $2::integer, $3::integer) AS taken
ORDER BY taken.msg_id`;

/** @returns the oldest first. */
export async function readOrders(
  db: Queryable,
  { queue, limit, seconds }: ReadOrdersArgs,
): Promise<ReadOrder[]> {
  return (await db.query<ReadOrder>(SQL, [queue, seconds, limit])).rows;
}
