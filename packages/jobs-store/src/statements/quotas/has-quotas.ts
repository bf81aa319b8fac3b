/** Whether there is a limit for anybody: where there is none, nobody's holdings have to be added up. */
import type { Queryable } from "../../queryable.ts";

const SQL = "SELECT EXISTS (SELECT FROM quotas) AS are";

export const hasQuotas = async (db: Queryable): Promise<boolean> =>
  (await db.query<{ are: boolean }>(SQL)).rows[0]?.are === true;
