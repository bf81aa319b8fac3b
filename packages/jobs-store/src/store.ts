/** The connections to the database: a pool that comes back by itself, and transactions on it. */
import pg from "pg";
import { createBell } from "./bell.ts";
import { createJobBell } from "./job-bell.ts";
import { beginWith, type Limits, silenceLimitMs } from "./limits.ts";
import type { StoreLog } from "./log.ts";
import { learnIfDirect } from "./prepared.ts";
import type { Queryable } from "./queryable.ts";
import { createShares } from "./shares.ts";
import { runStatement } from "./statement.ts";
import { StoreError, toStoreError } from "./store-error.ts";
import { type ConnectTarget, clientConfig } from "./target.ts";
import { runTransaction, type Transaction } from "./transaction.ts";

export interface StoreOptions extends ConnectTarget, Limits {
  readonly pool: { readonly min: number; readonly max: number };
  /** For a free connection of the pool, for a new one to be made, and for a user's turn. */
  readonly connectTimeoutMs: number;
  readonly log: StoreLog;
}

export interface PoolNumbers {
  /** Connections that are open or being opened. */
  readonly total: number;
  readonly idle: number;
  /** Requests waiting for a connection. */
  readonly waiting: number;
}

export interface TransactionOptions {
  /** Whose it is: of one user two are under way at once, here, and the others wait for their turn. */
  readonly user?: string | number | undefined;
  /** @see Transaction.traceparent */
  readonly traceparent?: string | undefined;
}

export interface Store {
  /** Single statements, each its own transaction. Writes of more than one belong in `transaction`. */
  readonly pool: Queryable;
  /** @see runTransaction */
  transaction<Result>(
    work: (transaction: Transaction) => Promise<Result>,
    options?: TransactionOptions,
  ): Promise<Result>;
  /**
   * Runs `work`, which reads much, in its user's turn: of one user half of the connections are in use at
   * once, here, and the others wait.
   *
   * @throws StoreError crowded.
   */
  read<Result>(user: string | number, work: () => Promise<Result>): Promise<Result>;
  /**
   * Never rejects.
   *
   * @returns undefined when the database answered within the last second, or answers now; else why not.
   */
  reach(): Promise<StoreError | undefined>;
  /** Something happened to these jobs, and is committed: whoever follows them is told to look. */
  ringForJobs(jobIds: Iterable<string>): void;
  /** Why statements found the database unavailable since this was asked last, each reason once. */
  takeFailures(): readonly string[];
  poolNumbers(): PoolNumbers;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

/** An answer this fresh is proof enough: a busy pool must not make a pod look dead. */
const FRESH_MS = 1000;
const IDLE_TIMEOUT_MS = 30_000;
const TRANSACTIONS_PER_USER = 2;

/** Connects with the first statement, not now. */
export function createStore(options: StoreOptions): Store {
  const pool = new pg.Pool(poolConfig(options));
  const begin = beginWith(options);
  const { max } = options.pool;
  const transactions = createShares(TRANSACTIONS_PER_USER, options.connectTimeoutMs);
  const reads = createShares(Math.ceil(max / 2), options.connectTimeoutMs);
  const failures = new Set<string>();
  let answeredAt = Number.NEGATIVE_INFINITY;
  // an idle connection that breaks is out of the pool by then; unheard, this would end the process
  pool.on("error", (error) => {
    options.log.warn({ reason: toStoreError(error).message }, "idle database connection lost");
  });
  const observed = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      const result = await work();
      answeredAt = performance.now();
      return result;
    } catch (error) {
      if (error instanceof StoreError && error.code === "unavailable") failures.add(error.message);
      throw error;
    }
  };
  pool.on("connect", learnIfDirect);
  const query: Queryable["query"] = (text, values) =>
    observed(() => runStatement(pool, begin, text, values));
  const bell = createBell({ query });
  const jobBell = createJobBell({ query });
  const ringAll = (queues: ReadonlySet<string>): void => queues.forEach(bell.ring);
  return {
    pool: { query },
    transaction(work, { user, traceparent } = {}) {
      const run = () => observed(() => runTransaction(pool, { begin, traceparent }, work, ringAll));
      return user === undefined ? run() : transactions.run(user, run);
    },
    read: reads.run,
    async reach() {
      if (performance.now() - answeredAt < FRESH_MS) return undefined;
      return await query("SELECT 1").then(
        () => undefined,
        (error) => toStoreError(error),
      );
    },
    ringForJobs: jobBell.ring,
    takeFailures() {
      const taken = [...failures];
      failures.clear();
      return taken;
    },
    poolNumbers: () => ({
      total: pool.totalCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    close() {
      bell.stop();
      jobBell.stop();
      return pool.end();
    },
  };
}

function poolConfig(options: StoreOptions): pg.PoolConfig {
  return {
    ...clientConfig(options),
    application_name: "airlock",
    ...options.pool,
    // statements that do not wait for each other's answers are sent at once
    pipeline: true,
    connectionTimeoutMillis: options.connectTimeoutMs,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    query_timeout: silenceLimitMs(options),
    keepAlive: true,
  };
}
