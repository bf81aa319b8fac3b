/** Whose job an id is, for ids that a client chose. */
import type { Queryable } from "../../queryable.ts";

const SQL = "SELECT user_id FROM reservations WHERE reservation_id = $1";

/** @returns undefined when the id is free. */
export async function findJobOwner(
  db: Queryable,
  reservationId: string,
): Promise<number | undefined> {
  return (await db.query<{ user_id: number }>(SQL, [reservationId])).rows[0]?.user_id;
}
