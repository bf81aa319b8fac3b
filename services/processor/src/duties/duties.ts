/** What is done over and over, by one of all processors. */
import { randomUUID } from "node:crypto";
import { claimDuty, finishDuty, type Store } from "@airlock/jobs-store";
import { wordsOf } from "../loop.ts";

export interface Duty {
  readonly name: string;
  readonly periodSeconds: number;
  readonly run: () => Promise<unknown>;
}

/** A duty that takes longer may be begun by another one too: each is harmless twice. */
const LEASE_SECONDS = 120;

/** @throws StoreError; what goes wrong in a duty is thrown when the others have had their turn. */
export async function runDuties(store: Store, duties: readonly Duty[]): Promise<void> {
  let failure: Error | undefined;
  for (const { name, periodSeconds, run } of duties) {
    const lease = randomUUID();
    const args = { name, periodSeconds, lease, leaseSeconds: LEASE_SECONDS };
    if (!(await claimDuty(store.pool, args))) continue;
    try {
      await run();
      await finishDuty(store.pool, { name, lease });
    } catch (error) {
      failure = new Error(`${name}: ${wordsOf(error)}`);
      await finishDuty(store.pool, { name, lease, fault: wordsOf(error) });
    }
  }
  if (failure) throw failure;
}
