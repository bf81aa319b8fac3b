/**
 * Erases what is left of users whom an operator deletes: jobs end, then their disks, then the rows of both.
 * Each step does what can be done by now, so whoever dies in the middle is followed by the next one.
 */
import { cancelJobsOf, eraseStep, listDeletingUsers, type Store } from "@airlock/jobs-store";
import type { Log } from "../log.ts";

export interface EraseUsersDeps {
  readonly store: Store;
  /** Of jobs. */
  readonly queue: string;
  readonly log: Log;
}

const USERS = 20;
/** At a time. */
const JOBS = 25;
/** Of each kind in one statement: it locks their rows. */
const ROWS = 200;
/** What is more has its turn the next time. */
const STEPS = 20;

/** @returns how many users nothing is left of since. */
export async function eraseUsers({ store, queue, log }: EraseUsersDeps): Promise<number> {
  let ended = 0;
  for (const userId of await listDeletingUsers(store.pool, USERS)) {
    // most were asked to end with the deletion; one that was being submitted then was not
    await store.transaction((transaction) =>
      cancelJobsOf(transaction, { userId, queue, limit: JOBS }),
    );
    for (let step = 0; step < STEPS; step++) {
      const { most, isOver } = await eraseStep(store.pool, { userId, limit: ROWS });
      if (isOver) {
        log.info({ user: userId }, "all data of a deleted user is erased");
        ended++;
      }
      if (most < ROWS) break;
    }
  }
  return ended;
}
