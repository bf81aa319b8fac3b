/** Transactions that two requests at once can get into each other's way with. */
import {
  type Store,
  StoreError,
  type Transaction,
  type TransactionOptions,
} from "@airlock/jobs-store";

const TRIES = 3;

/**
 * Runs `work` again when it came second to a name that was free when it looked. A name that was
 * taken before is for `work` itself to notice.
 */
export async function transact<Result>(
  store: Store,
  work: (transaction: Transaction) => Promise<Result>,
  options?: TransactionOptions,
): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await store.transaction(work, options);
    } catch (error) {
      const isRace = error instanceof StoreError && error.code === "conflict";
      if (!isRace || tries === TRIES) throw error;
    }
  }
}

/** True for the conflict that a constraint reports. */
export const isConflict = (error: unknown, constraint: string): boolean =>
  error instanceof StoreError && error.code === "conflict" && error.constraint === constraint;
