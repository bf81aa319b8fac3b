/** One statement on one connection of the pool, in a transaction of its own. */
import type pg from "pg";
import { queryOn } from "./prepared.ts";
import type { QueryAnswer } from "./queryable.ts";
import { isStalePlan, StoreError, toStoreError } from "./store-error.ts";

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
  for (let tries = 0; ; tries++) {
    try {
      return await runOnce<Row>(pool, begin, text, values);
    } catch (error) {
      if (tries >= STALE_PLANS || !(error instanceof StoreError && isStalePlan(error))) throw error;
    }
  }
}

/** Of connections that were there before a migration; each goes with its plan. */
const STALE_PLANS = 20;

async function runOnce<Row extends object>(
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
      client.query<Row & pg.QueryResultRow>(queryOn(client, text, values)),
      client.query("COMMIT"),
    ]);
    // whatever came of the statement, a connection that answered COMMIT is in no transaction
    isBroken = ended.status === "rejected";
    if (begun.status === "rejected") throw toStoreError(begun.reason);
    if (answered.status === "rejected") {
      const error = toStoreError(answered.reason);
      isBroken ||= isStalePlan(error);
      throw error;
    }
    if (ended.status === "rejected") throw toStoreError(ended.reason);
    return answered.value;
  } finally {
    client.off("error", onLost);
    client.release(isBroken);
  }
}
