/** One transaction on one connection of the pool. */
import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import { queryOn } from "./prepared.ts";
import type { Queryable } from "./queryable.ts";
import { isContention, isDoubtful, isStalePlan, StoreError, toStoreError } from "./store-error.ts";

/** One transaction, for statements. */
export interface Transaction extends Queryable {
  /**
   * For one statement that nothing follows: COMMIT goes out behind it, and not after its answer, which
   * saves a round trip. What `work` throws afterwards undoes nothing any more.
   */
  readonly last: Queryable;
  /** Of the request that it is for: orders that it sends go on with it. */
  readonly traceparent?: string | undefined;
  /** Once it is committed, whoever listens to this queue is told to look. */
  ringAfterCommit(queue: string): void;
}

/** What a transaction is begun with. */
export interface Beginning {
  /** The statement. */
  readonly begin: string;
  readonly traceparent?: string | undefined;
}

/** Rings for the queues of a transaction that was committed. */
export type RingAll = (queues: ReadonlySet<string>) => void;

const RETRIES = 2;
const RETRY_SPREAD_MS = 20;
/** A BEGIN that fails later than this met a silent server: others would be silent too. */
const BROKEN_WITHIN_MS = 500;

/** How far a run came, `ended` without a COMMIT: what a lost connection means depends on it. */
type Stage = "begin" | "work" | "commit" | "ended";

class Interrupted extends Error {
  readonly stage: Stage;
  readonly error: unknown;

  constructor(stage: Stage, error: unknown) {
    super(stage);
    this.stage = stage;
    this.error = error;
  }
}

/**
 * Runs `work` between BEGIN, which sets the limits, and COMMIT. A deadlock, a plan that a migration has made stale, or a
 * connection that turned out to be dead at BEGIN, is tried again up to twice, so `work` must change nothing outside of the database. Nothing
 * is tried again once COMMIT was sent, unless the server answered that it was none.
 *
 * @throws StoreError, or what `work` threw after ROLLBACK.
 */
export async function runTransaction<Result>(
  pool: pg.Pool,
  beginning: Beginning,
  work: (transaction: Transaction) => Promise<Result>,
  ringAll: RingAll,
): Promise<Result> {
  for (let tries = 0; ; tries++) {
    const startedAt = performance.now();
    try {
      return await runOnce(pool, beginning, work, ringAll);
    } catch (thrown) {
      if (!(thrown instanceof Interrupted)) throw thrown;
      if (tries >= RETRIES || !isWorthARetry(thrown, performance.now() - startedAt))
        throw failureOf(thrown);
      await delay(Math.random() * RETRY_SPREAD_MS);
    }
  }
}

function isWorthARetry({ stage, error }: Interrupted, passedMs: number): boolean {
  if (stage === "begin") return passedMs < BROKEN_WITHIN_MS;
  if (stage === "commit" || !(error instanceof StoreError)) return false;
  return isContention(error) || isStalePlan(error);
}

function failureOf({ stage, error }: Interrupted): unknown {
  const isAnswered = !(error instanceof StoreError && isDoubtful(error));
  if (stage !== "commit" || isAnswered) return error;
  return new StoreError("unknown_outcome", "the connection was lost while COMMIT was under way");
}

async function runOnce<Result>(
  pool: pg.Pool,
  beginning: Beginning,
  work: (transaction: Transaction) => Promise<Result>,
  ringAll: RingAll,
): Promise<Result> {
  // waiting for a connection has its own limit and is not worth another one
  const client = await pool.connect().catch((error: unknown) => {
    throw toStoreError(error);
  });
  // between two statements nobody else would hear that the connection broke
  const onLost = (): void => {};
  client.on("error", onLost);
  let stage: Stage = "begin";
  let isBroken = false;
  try {
    const course = beginOn(client, beginning);
    const working = (async () => await work(course.transaction))();
    const [begun, worked] = await Promise.allSettled([course.begun, working]);
    if (begun.status === "rejected") throw begun.reason;
    stage = "work";
    if (worked.status === "rejected" && !course.isEnding()) throw worked.reason;
    stage = "commit";
    const isCommitted = await course.end();
    if (isCommitted) ringAll(course.queues);
    else stage = "ended";
    if (worked.status === "rejected") throw worked.reason;
    if (!isCommitted) throw new StoreError("failed", "committed after a failed statement");
    return worked.value;
  } catch (error) {
    isBroken = !(await rolledBack(client, stage, error));
    throw new Interrupted(stage, error);
  } finally {
    client.off("error", onLost);
    client.release(isBroken);
  }
}

interface Course {
  readonly transaction: Transaction;
  readonly begun: Promise<unknown>;
  readonly queues: ReadonlySet<string>;
  /** COMMIT is under way, or will be. */
  isEnding(): boolean;
  /** @returns false where nothing was kept: COMMIT of a transaction that has failed answers ROLLBACK, without an error. */
  end(): Promise<boolean>;
}

function beginOn(client: pg.PoolClient, { begin, traceparent }: Beginning): Course {
  // the first statement goes out behind it, not after its answer
  const begun = ask(client, begin);
  const queues = new Set<string>();
  let ending: Promise<boolean> | undefined;

  const commit = async (): Promise<boolean> => {
    // what a dead connection has not begun may be tried on another one: only while this was not sent
    await begun;
    return (await ask(client, "COMMIT")).command === "COMMIT";
  };
  const end = () => {
    ending ??= commit();
    return ending;
  };
  const query: Queryable["query"] = async (text, values) => {
    if (ending !== undefined) throw new StoreError("failed", "a statement behind the last one");
    return await ask(client, text, values);
  };
  const queryLast: Queryable["query"] = (text, values) => {
    const answer = query<never>(text, values);
    // whoever waits for the end hears of it
    end().catch(() => {});
    return answer;
  };
  return {
    transaction: {
      query,
      last: { query: queryLast },
      traceparent,
      ringAfterCommit: (queue) => void queues.add(queue),
    },
    begun,
    queues,
    isEnding: () => ending !== undefined,
    end,
  };
}

/** @returns false when the connection is of no more use. */
async function rolledBack(client: pg.PoolClient, stage: Stage, error: unknown): Promise<boolean> {
  // a server that fell silent would keep a ROLLBACK waiting as well; without one it rolls back too
  if (error instanceof StoreError && (isDoubtful(error) || isStalePlan(error))) return false;
  if (stage !== "work") return stage !== "begin";
  return await client.query("ROLLBACK").then(
    () => true,
    () => false,
  );
}

async function ask<Row extends object>(
  client: pg.PoolClient,
  text: string,
  values?: readonly unknown[],
): Promise<pg.QueryResult<Row>> {
  try {
    return await client.query<Row & pg.QueryResultRow>(queryOn(client, text, values));
  } catch (error) {
    throw toStoreError(error);
  }
}
