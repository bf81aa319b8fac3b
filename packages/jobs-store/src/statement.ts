/** One statement on one connection of the pool, in a transaction of its own. */
import type pg from "pg";
import type { QueryAnswer } from "./queryable.ts";
import { toStoreError } from "./store-error.ts";

/**
 * BEGIN with its limits, the statement and COMMIT go out together and cost one round trip.
 *
 * @throws StoreError
 */
export async function runStatement<Row extends object>(
  pool: pg.Pool,
  begin: string,
  text: string,
  values?: readonly unknown[],
): Promise<QueryAnswer<Row>> {
  const client = await pool.connect().catch((error: unknown) => {
    throw toStoreError(error);
  });
  const onLost = (): void => {};
  client.on("error", onLost);
  let isBroken = true;
  try {
    const [begun, answered, ended] = await Promise.allSettled([
      client.query(begin),
      client.query<Row & pg.QueryResultRow>(text, values && [...values]),
      client.query("COMMIT"),
    ]);
    // whatever came of the statement, a connection that answered COMMIT is in no transaction
    isBroken = ended.status === "rejected";
    if (begun.status === "rejected") throw toStoreError(begun.reason);
    if (answered.status === "rejected") throw toStoreError(answered.reason);
    if (ended.status === "rejected") throw toStoreError(ended.reason);
    return answered.value;
  } finally {
    client.off("error", onLost);
    client.release(isBroken);
  }
}
