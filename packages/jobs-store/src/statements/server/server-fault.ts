/** What kind of server answers: whether this code can work with it. */
import type { Queryable } from "../../queryable.ts";

interface ServerRow {
  readonly version: number;
  readonly encoding: string;
  readonly is_read_only: boolean;
}

const SQL = `
SELECT current_setting('server_version_num')::integer AS version,
  current_setting('server_encoding') AS encoding,
  current_setting('transaction_read_only')::boolean AS is_read_only`;

/** `UNIQUE NULLS NOT DISTINCT` and more came with 15. */
const OLDEST_MAJOR = 15;

/** @returns why this code cannot work with it, in words; undefined when it can. */
export async function serverFault(db: Queryable): Promise<string | undefined> {
  const { rows } = await db.query<ServerRow>(SQL);
  const { version, encoding, is_read_only } = rows[0] as ServerRow;
  const major = Math.floor(version / 10_000);
  if (major < OLDEST_MAJOR)
    return `Postgres ${major} is too old: ${OLDEST_MAJOR} or newer is needed`;
  if (encoding !== "UTF8") return `the database's encoding is ${encoding}: it must be UTF8`;
  if (is_read_only) return "the database is read-only: a standby, or set so";
  return undefined;
}
