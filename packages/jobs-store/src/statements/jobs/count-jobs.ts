/** How many jobs a list has on all its pages. */
import type { Queryable } from "../../queryable.ts";
import { filterValues, JOB_FILTER, type JobFilter } from "./job-filter.ts";

const SQL = `SELECT count(*)::integer AS total FROM reservations WHERE ${JOB_FILTER}`;

export async function countJobs(db: Queryable, filter: JobFilter): Promise<number> {
  const { rows } = await db.query<{ total: number }>(SQL, filterValues(filter));
  return (rows[0] as { total: number }).total;
}
