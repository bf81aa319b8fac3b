/** Forgets why the extension before was refused: what the job shows is about the one asked for last. */
import type { Queryable } from "../../queryable.ts";

const SQL = `
UPDATE reservations SET extension_error = NULL
WHERE reservation_id = $1 AND extension_error IS NOT NULL`;

export async function clearExtensionError(db: Queryable, reservationId: string): Promise<void> {
  await db.query(SQL, [reservationId]);
}
