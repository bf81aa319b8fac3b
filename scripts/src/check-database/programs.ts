/** Which programs of this machine the database's tests can run on. */
import { existsSync, globSync } from "node:fs";
import path from "node:path";

/** The oldest Postgres that Airlock works with. */
export const OLDEST = 15;

export interface FoundPostgres {
  readonly major: number;
  /** With `postgres` and `initdb` in it. */
  readonly folder: string;
}

/** The oldest that Airlock works with, as Debian and Red Hat lay them. */
export function findPostgres(): FoundPostgres | undefined {
  const found = globSync(["/usr/lib/postgresql/*/bin/initdb", "/usr/pgsql-*/bin/initdb"])
    .map((file) => ({ folder: path.dirname(file), major: Number(/(\d+)\/bin/.exec(file)?.[1]) }))
    .filter(({ major }) => major >= OLDEST);
  return found.toSorted((a, b) => a.major - b.major)[0];
}

export const findPgBouncer = (): string | undefined =>
  ["/usr/sbin", "/usr/bin", ...(process.env.PATH ?? "").split(path.delimiter)]
    .map((folder) => path.join(folder, "pgbouncer"))
    .find((file) => existsSync(file));
