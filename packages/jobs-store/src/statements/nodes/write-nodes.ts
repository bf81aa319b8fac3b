/** Writes down which nodes were seen, all of them, and when: what is not among them is no more. */
import type { Queryable } from "../../queryable.ts";

export interface SeenNode {
  readonly name: string;
  readonly uid: string;
  readonly gpuType: string;
  readonly gpus: number;
  readonly cpuMillis: number;
  readonly memoryMib: number;
  readonly slots: number;
  readonly isReady: boolean;
  readonly isSchedulable: boolean;
  readonly address: string | null;
}

const SQL = `
WITH seen AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS node (
    name varchar(253), uid varchar(63), "gpuType" varchar(50), gpus integer, "cpuMillis" integer,
    "memoryMib" integer, slots integer, "isReady" boolean, "isSchedulable" boolean,
    address varchar(50)
  )
), gone AS (
  UPDATE nodes SET gone_at = now(), is_ready = false
  WHERE gone_at IS NULL AND node_name <> ALL (SELECT name FROM seen)
), looked AS (
  -- so that somebody who looks and sees none differs from nobody; no duty, for it is never due
  INSERT INTO duties (name, period_seconds, due_at, finished_at)
  VALUES ('nodes', 30, 'infinity', now())
  -- an operator may have called it, in the version before
  ON CONFLICT (name) DO UPDATE SET due_at = 'infinity', finished_at = now()
)
INSERT INTO nodes (node_name, node_uid, gpu_type, gpus, cpu_millis, memory_mib, slots, is_ready,
  is_schedulable, address)
SELECT * FROM seen ORDER BY name
ON CONFLICT (node_name) DO UPDATE SET
  -- another machine under the same name
  first_seen_at = CASE WHEN nodes.node_uid IS DISTINCT FROM excluded.node_uid THEN now()
    ELSE nodes.first_seen_at END,
  node_uid = excluded.node_uid, gpu_type = excluded.gpu_type, gpus = excluded.gpus,
  cpu_millis = excluded.cpu_millis, memory_mib = excluded.memory_mib, slots = excluded.slots,
  is_ready = excluded.is_ready, is_schedulable = excluded.is_schedulable,
  address = excluded.address, seen_at = now(), gone_at = NULL`;

export async function writeNodes(db: Queryable, nodes: readonly SeenNode[]): Promise<void> {
  await db.query(SQL, [JSON.stringify(nodes)]);
}
