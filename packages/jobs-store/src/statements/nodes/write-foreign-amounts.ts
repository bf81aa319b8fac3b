/** Writes down what others than jobs take of the nodes; of a node that is not named they take nothing. */
import type { Queryable } from "../../queryable.ts";

export interface ForeignAmount {
  readonly nodeName: string;
  readonly gpus: number;
  readonly cpuMillis: number;
  readonly memoryMib: number;
}

const SQL = `
WITH seen AS (
  SELECT * FROM unnest($1::text[], $2::integer[], $3::integer[], $4::integer[])
    AS seen (name, gpus, cpu_millis, memory_mib)
), wanted AS (
  SELECT node_name, coalesce(seen.gpus, 0) AS gpus, coalesce(seen.cpu_millis, 0) AS cpu_millis,
    coalesce(seen.memory_mib, 0) AS memory_mib
  FROM nodes LEFT JOIN seen ON name = node_name
)
UPDATE nodes SET foreign_gpus = wanted.gpus, foreign_cpu_millis = wanted.cpu_millis,
  foreign_memory_mib = wanted.memory_mib
FROM wanted WHERE nodes.node_name = wanted.node_name
  AND (foreign_gpus, foreign_cpu_millis, foreign_memory_mib)
    IS DISTINCT FROM (wanted.gpus, wanted.cpu_millis, wanted.memory_mib)`;

export async function writeForeignAmounts(
  db: Queryable,
  amounts: readonly ForeignAmount[],
): Promise<void> {
  await db.query(SQL, [
    amounts.map(({ nodeName }) => nodeName),
    amounts.map(({ gpus }) => gpus),
    amounts.map(({ cpuMillis }) => cpuMillis),
    amounts.map(({ memoryMib }) => memoryMib),
  ]);
}
