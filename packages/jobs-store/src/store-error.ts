/** What leaves this package when the database does not do as asked. */
import pg from "pg";

/**
 * - unavailable: not connected, not in time, or no connection free; nothing was changed, unless a
 *   single writing statement was sent outside of a transaction
 * - crowded: one user has so much under way that their turn did not come in time; nothing was begun
 * - unknown_outcome: the connection was lost after COMMIT was sent; the change is there, or not
 * - conflict: something of that kind is there already; `constraint` says what
 * - failed: a fault of ours, such as a statement the database does not understand
 */
export type StoreErrorCode = "unavailable" | "crowded" | "unknown_outcome" | "conflict" | "failed";

/**
 * Carries no value of a row: Postgres' `detail` quotes them, so the error it made is not kept.
 */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  /** Postgres' code for what happened, when it came to that (manual, appendix A). */
  readonly sqlState: string | undefined;
  readonly constraint: string | undefined;

  constructor(code: StoreErrorCode, message: string, from?: pg.DatabaseError) {
    super(message);
    this.name = "StoreError";
    this.code = code;
    this.sqlState = from?.code;
    this.constraint = from?.constraint;
  }
}

const UNIQUE_VIOLATION = "23505";
const SERIALIZATION_FAILURE = "40001";
const DEADLOCK_DETECTED = "40P01";
/** feature_not_supported: "cached plan must not change result type". */
const STALE_PLAN = "0A000";
const IDLE_IN_TRANSACTION = "25P03";

/** Somebody else kept what it waited for. */
const LOCK_NOT_AVAILABLE = "55P03";

/** A standby after a failover: the next connection finds the primary. */
const READ_ONLY = "25006";

/**
 * Connection lost, login or database refused, too few resources, an operator's intervention or a
 * time limit.
 */
const UNAVAILABLE_CLASSES = new Set(["08", "28", "3D", "53", "57"]);
const UNAVAILABLE_STATES = new Set([
  SERIALIZATION_FAILURE,
  DEADLOCK_DETECTED,
  LOCK_NOT_AVAILABLE,
  IDLE_IN_TRANSACTION,
  READ_ONLY,
]);

/** @param error whatever the driver threw; a StoreError is passed through. */
export function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  // every other error of the driver is about the connection: refused, lost, silent, none free
  if (!(error instanceof pg.DatabaseError)) return new StoreError("unavailable", wordsOf(error));
  const state = error.code ?? "";
  if (state === UNIQUE_VIOLATION) {
    return new StoreError("conflict", `taken already: ${error.constraint ?? "?"}`, error);
  }
  const isAway = UNAVAILABLE_CLASSES.has(state.slice(0, 2)) || UNAVAILABLE_STATES.has(state);
  return new StoreError(isAway ? "unavailable" : "failed", withoutValues(error), error);
}

/** True for what another run of the same transaction may well get through. */
export function isContention({ sqlState }: StoreError): boolean {
  return sqlState === SERIALIZATION_FAILURE || sqlState === DEADLOCK_DETECTED;
}

/** True for a statement that was prepared before a migration changed what it answers: nothing was done. */
export const isStalePlan = ({ sqlState }: StoreError): boolean => sqlState === STALE_PLAN;

/** True when nobody knows what the server did last; false when it refused in so many words. */
export function isDoubtful({ code, sqlState = "" }: StoreError): boolean {
  return code === "unavailable" && !/^(40|57014|55P03)/.test(sqlState);
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // several addresses refused at once: an AggregateError has a code and no words
  return error.message || ("code" in error && String(error.code)) || error.name;
}

/** Data exceptions (class 22) quote what they could not read. */
function withoutValues(error: pg.DatabaseError): string {
  const state = error.code ?? "";
  if (state.startsWith("22")) return `a value was refused (${state})`;
  if (state.startsWith("23")) return `${error.table ?? "row"} refused by ${error.constraint}`;
  return error.message;
}
