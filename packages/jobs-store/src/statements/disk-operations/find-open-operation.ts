/** A change of a disk that has not ended. */
import type { Queryable } from "../../queryable.ts";
import type { DiskAction } from "./insert-disk-operation.ts";

const SQL = `
SELECT operation_id FROM disk_operations
WHERE disk_id = $1::uuid AND action = $2 AND completed_at IS NULL LIMIT 1`;

/** @returns its id. */
export async function findOpenOperation(
  db: Queryable,
  { diskId, action }: { readonly diskId: string; readonly action: DiskAction },
): Promise<string | undefined> {
  return (await db.query<{ operation_id: string }>(SQL, [diskId, action])).rows[0]?.operation_id;
}
