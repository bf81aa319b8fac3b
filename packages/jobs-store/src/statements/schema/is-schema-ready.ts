/** Whether the database has every table that this version works with. */
import type { Queryable } from "../../queryable.ts";
import { StoreError } from "../../store-error.ts";

/** The newest file in migrations/; a test holds the two equal. */
export const LATEST_MIGRATION = "023_one_rule_for_jobs";

const SQL = "SELECT FROM schema_migrations WHERE name = $1";
const UNDEFINED_TABLE = "42P01";

/**
 * True as well when a newer version has migrated further: its migrations leave in place what this
 * one needs.
 */
export async function isSchemaReady(db: Queryable, newest = LATEST_MIGRATION): Promise<boolean> {
  try {
    return (await db.query(SQL, [newest])).rowCount === 1;
  } catch (error) {
    if (error instanceof StoreError && error.sqlState === UNDEFINED_TABLE) return false;
    throw error;
  }
}
