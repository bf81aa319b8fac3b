/** What stands against migrating a database, found out before anything is changed. */
import type pg from "pg";
import { isDirect } from "./prepared.ts";
import type { Queryable } from "./queryable.ts";
import { isSchemaReady } from "./statements/schema/is-schema-ready.ts";
import { serverFault } from "./statements/server/server-fault.ts";

const FIRST_MIGRATION = "001_users_and_keys";
const OUR_TABLES = ["api_users", "api_keys", "reservations", "disks", "gpu_types"];

const FOREIGN = `
SELECT string_agg(name, ', ') AS names FROM unnest($1::text[]) AS name
WHERE to_regclass(name) IS NOT NULL`;

const INVALID = `
SELECT string_agg(indexrelid::regclass::text, ', ') AS names FROM pg_index
JOIN pg_class ON pg_class.oid = indexrelid
WHERE NOT indisvalid AND relnamespace IN ('public'::regnamespace, to_regnamespace('pgmq'))`;

/**
 * @throws Error, one sentence: what the migrations would break on, or would take for something else.
 */
export async function demandMigratable(client: pg.Client, db: Queryable): Promise<void> {
  // behind one the lock of the migrations would stay with some connection of the pooler's
  if (!(await isDirect(client))) {
    throw new Error(
      "a pooler such as PgBouncer stands before the database: migrations need a direct connection, so name the server itself in MIGRATION_DATABASE_URL",
    );
  }
  const fault = await serverFault(db);
  if (fault !== undefined) throw new Error(fault);
  const isOurs = await isSchemaReady(db, FIRST_MIGRATION);
  const foreign = isOurs ? null : await namesIn(db, FOREIGN, [OUR_TABLES]);
  if (foreign !== null) {
    throw new Error(
      `this database has tables that Airlock did not make (${foreign}), as the service that it takes the place of did: give Airlock a database of its own`,
    );
  }
  const invalid = await namesIn(db, INVALID);
  if (invalid !== null) {
    // IF NOT EXISTS would take it for a good one
    throw new Error(
      `not valid: ${invalid}; a CREATE INDEX CONCURRENTLY is at work still, or was cut off: wait, or DROP INDEX, then migrate again`,
    );
  }
}

async function namesIn(
  db: Queryable,
  text: string,
  values?: readonly unknown[],
): Promise<string | null> {
  return (await db.query<{ names: string | null }>(text, values)).rows[0]?.names ?? null;
}
