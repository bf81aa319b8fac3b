/** Closes a type, or a node, to jobs that have not started; what runs there goes on. */
import type { Queryable } from "../../queryable.ts";

/** One of the two. */
export type CordonTarget = { readonly gpuType: string } | { readonly nodeName: string };

export type SetCordonArgs = CordonTarget & {
  /** For users whose jobs wait for it. */
  readonly reason: string;
  readonly setBy: string;
};

const SQL = `
INSERT INTO cordons (gpu_type, node_name, reason, set_by) VALUES ($1, $2, $3, $4)
ON CONFLICT ON CONSTRAINT cordons_once DO UPDATE SET reason = excluded.reason,
  set_by = excluded.set_by, set_at = now()`;

export async function setCordon(db: Queryable, cordon: SetCordonArgs): Promise<void> {
  await db.query(SQL, [...targetValues(cordon), cordon.reason, cordon.setBy]);
}

export const targetValues = (target: CordonTarget): [string | null, string | null] =>
  "gpuType" in target ? [target.gpuType, null] : [null, target.nodeName];
