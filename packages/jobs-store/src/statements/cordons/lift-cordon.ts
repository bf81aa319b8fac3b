/** Opens a type, or a node, again. */
import type { Queryable } from "../../queryable.ts";
import { type CordonTarget, targetValues } from "./set-cordon.ts";

const SQL = `
DELETE FROM cordons WHERE gpu_type IS NOT DISTINCT FROM $1::text
  AND node_name IS NOT DISTINCT FROM $2::text`;

/** @returns false when it was open. */
export async function liftCordon(db: Queryable, target: CordonTarget): Promise<boolean> {
  return (await db.query(SQL, targetValues(target))).rowCount === 1;
}
