/** Forgets why the request before was refused: what the job shows is about the one made last. */
import type { Queryable } from "../../queryable.ts";

/** By what is requested. */
const COLUMNS = {
  extend: "extension_error",
  enable_jupyter: "jupyter_error",
  disable_jupyter: "jupyter_error",
  add_user: "add_user_error",
} as const;

export async function clearRequestError(
  db: Queryable,
  reservationId: string,
  action: keyof typeof COLUMNS,
): Promise<void> {
  const column = COLUMNS[action];
  await db.query(
    `UPDATE reservations SET ${column} = NULL WHERE reservation_id = $1 AND ${column} IS NOT NULL`,
    [reservationId],
  );
}
