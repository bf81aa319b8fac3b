/** Takes orders about disks up: their rows are due, and whoever looks at one ends its operations. */
import type { DiskOrder } from "../../orders.ts";
import type { Queryable } from "../../queryable.ts";
import { archiving, type HeldOrder, heldValues } from "./archive-orders.ts";

export interface ApplyDiskOrdersArgs {
  readonly queue: string;
  readonly orders: readonly HeldOrder<DiskOrder>[];
}

// the disk is locked before its operations, as everywhere
const CALLING = `ready AS (
  SELECT disk_id, operation_id FROM disks JOIN disk_operations USING (disk_id)
  JOIN held ON operation_id = about::uuid
  ORDER BY disk_id FOR NO KEY UPDATE OF disks
), begun AS (
  UPDATE disk_operations SET status = 'running'
  FROM ready WHERE disk_operations.operation_id = ready.operation_id AND status = 'queued'
), called AS (
  UPDATE disks SET due_at = now() FROM ready WHERE disks.disk_id = ready.disk_id
)`;

/** @returns how many were held still, and are in the archive now. */
export async function applyDiskOrders(
  db: Queryable,
  { queue, orders }: ApplyDiskOrdersArgs,
): Promise<number> {
  const values = heldValues(queue, orders, ({ order_id }) => order_id);
  const { rows } = await db.query<{ archived: number }>(archiving(queue, CALLING), values);
  return rows[0]?.archived ?? 0;
}
