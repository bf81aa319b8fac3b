/** How much is old enough to be forgotten, of each kind: what the next runs would take. */
import type { Queryable } from "../../queryable.ts";
import type { Retention } from "../../retention.ts";
import { tablesOf } from "../queue/order-tables.ts";

export interface Purgeable {
  /** 10,000 stands for more as well. */
  readonly number: number;
  /** Of those: since when the oldest is of no use. */
  readonly oldest_at: Date | null;
}

const MOST = 10_000;

const counting = (since: string, from: string, isOld: string): string => `
SELECT count(*)::integer AS number, min(since) AS oldest_at
FROM (SELECT ${since} AS since FROM ${from} WHERE ${isOld} LIMIT ${MOST}) AS old`;

const before = (since: string): string => `${since} < now() - make_interval(days => $1::integer)`;
const KEY_END = "least(expires_at, coalesce(revoked_at, 'infinity'))";

const KEYS = counting(KEY_END, "api_keys", before(KEY_END));
const JOBS = counting(
  "reservation_ended",
  "reservations",
  `cleaned_at IS NOT NULL AND ${before("reservation_ended")}`,
);
const OPERATIONS = counting("completed_at", "disk_operations", before("completed_at"));
const CHALLENGES = counting("expires_at", "auth_challenges", before("expires_at"));
const ANSWERS = counting("expires_at", "idempotency_keys", before("expires_at"));

/** The statements of forgetting are asked for the same. */
export async function countPurgeable(
  db: Queryable,
  { queues, keysDays, ordersDays, jobsDays }: Retention,
) {
  const count = async (text: string, days: number): Promise<Purgeable> => {
    const { rows } = await db.query<Purgeable>(text, [days]);
    return rows[0] ?? { number: 0, oldest_at: null };
  };
  const archives = queues.map((queue) =>
    count(counting("archived_at", tablesOf(queue).archive, before("archived_at")), ordersDays),
  );
  const [keys, jobs, operations, challenges, answers, ...orders] = await Promise.all([
    count(KEYS, keysDays),
    count(JOBS, jobsDays),
    count(OPERATIONS, jobsDays),
    count(CHALLENGES, 0),
    count(ANSWERS, 0),
    ...archives,
  ]);
  return { keys, jobs, operations, challenges, answers, orders: sumOf(orders) };
}

const sumOf = (all: readonly Purgeable[]): Purgeable => ({
  number: Math.min(
    MOST,
    all.reduce((sum, { number }) => sum + number, 0),
  ),
  oldest_at: all
    .flatMap(({ oldest_at }) => oldest_at ?? [])
    .reduce<Date | null>((oldest, at) => (oldest === null || at < oldest ? at : oldest), null),
});
