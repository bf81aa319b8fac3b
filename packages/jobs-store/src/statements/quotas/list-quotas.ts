/** All limits there are. */
import type { Queryable } from "../../queryable.ts";
import { QUOTA_COLUMNS, type QuotaRow } from "./quota-row.ts";

export interface ListedQuotaRow extends QuotaRow {
  /** Of the user whom it is for. */
  readonly username: string | null;
  readonly set_by: string;
  readonly set_at: Date;
}

const SQL = `
SELECT ${QUOTA_COLUMNS}, username, set_by, set_at
FROM quotas LEFT JOIN api_users USING (user_id)
ORDER BY username NULLS LAST, quotas.aws_role NULLS LAST, gpu_type NULLS FIRST`;

export async function listQuotas(db: Queryable): Promise<ListedQuotaRow[]> {
  return (await db.query<ListedQuotaRow>(SQL)).rows;
}
