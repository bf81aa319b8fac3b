/** The connections to the database: a pool that comes back by itself, and transactions on it. */
import pg from "pg";
import { createBell } from "./bell.ts";
import type { StoreLog } from "./log.ts";
import type { QueryAnswer, Queryable } from "./queryable.ts";
import { toStoreError } from "./store-error.ts";
import { type ConnectTarget, clientConfig } from "./target.ts";
import { runTransaction, type Transaction } from "./transaction.ts";

export interface StoreOptions extends ConnectTarget {
  readonly pool: { readonly min: number; readonly max: number };
  /** For a free connection of the pool, and for a new one to be made. */
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly log: StoreLog;
}

export interface PoolNumbers {
  /** Connections that are open or being opened. */
  readonly total: number;
  readonly idle: number;
  /** Requests waiting for a connection. */
  readonly waiting: number;
}

export interface Store {
  /** Single statements, each its own transaction. Writes of more than one belong in `transaction`. */
  readonly pool: Queryable;
  /** @see runTransaction */
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  /** True when the database answered within the last second, or answers now. Never rejects. */
  isReachable(): Promise<boolean>;
  poolNumbers(): PoolNumbers;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

/** An answer this fresh is proof enough: a busy pool must not make a pod look dead. */
const FRESH_MS = 1000;
const IDLE_TIMEOUT_MS = 30_000;
/** The server's own limit comes first; this one is for a server that fell silent. */
const SILENCE_MS = 1000;

/** Connects with the first statement, not now. */
export function createStore(options: StoreOptions): Store {
  const pool = new pg.Pool(poolConfig(options));
  let answeredAt = Number.NEGATIVE_INFINITY;
  // an idle connection that breaks is out of the pool by then; unheard, this would end the process
  pool.on("error", (error) => {
    options.log.warn({ reason: toStoreError(error).message }, "idle database connection lost");
  });
  const query = async <Row extends object>(
    text: string,
    values?: readonly unknown[],
  ): Promise<QueryAnswer<Row>> => {
    try {
      const answer = await pool.query<Row & pg.QueryResultRow>(text, values && [...values]);
      answeredAt = performance.now();
      return answer;
    } catch (error) {
      throw toStoreError(error);
    }
  };
  const bell = createBell({ query });
  const ringAll = (queues: ReadonlySet<string>): void => queues.forEach(bell.ring);
  return {
    pool: { query },
    async transaction(work) {
      const result = await runTransaction(pool, work, ringAll);
      answeredAt = performance.now();
      return result;
    },
    async isReachable() {
      if (performance.now() - answeredAt < FRESH_MS) return true;
      return await query("SELECT 1").then(
        () => true,
        () => false,
      );
    },
    poolNumbers: () => ({
      total: pool.totalCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    close() {
      bell.stop();
      return pool.end();
    },
  };
}

function poolConfig(options: StoreOptions): pg.PoolConfig {
  const { pool, connectTimeoutMs, statementTimeoutMs } = options;
  return {
    ...clientConfig(options),
    application_name: "airlock",
    ...pool,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + SILENCE_MS,
    // a process that stopped in the middle of a transaction must not keep its locks
    idle_in_transaction_session_timeout: statementTimeoutMs + SILENCE_MS,
    keepAlive: true,
  };
}
