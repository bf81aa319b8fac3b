/** One migration of a database at a time: the others wait, for a while, and say for whom. */
import { setTimeout as delay } from "node:timers/promises";
import type { StoreLog } from "./log.ts";
import type { Queryable } from "./queryable.ts";

export interface LockOptions {
  readonly log: StoreLog;
  /** What this process needs is there already: it need not wait. */
  readonly isUpToDate: () => Promise<boolean>;
  /** Given up after so long. */
  readonly limitMs?: number | undefined;
  readonly pause?: ((ms: number) => Promise<unknown>) | undefined;
}

/** Any number that nobody else locks in this database. */
const LOCK = 7_115_331;
const PAUSE_MS = 1000;
/** So often it is told that it waits. */
const TOLD_EVERY_MS = 15_000;
const LIMIT_MS = 600_000;

const TRY = "SELECT pg_try_advisory_lock($1) AS held";
const HOLDER = `
SELECT pid, application_name AS program, host(client_addr) AS address, state, backend_start AS since
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND objid = $1::integer
  AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
LIMIT 1`;

/**
 * The lock ends with the session of `db`.
 *
 * @returns false when another process has it, and `isUpToDate`.
 * @throws Error that names who has it, after the limit.
 */
export async function lockMigrations(
  db: Queryable,
  { log, isUpToDate, limitMs = LIMIT_MS, pause = delay }: LockOptions,
): Promise<boolean> {
  for (let waitedMs = 0; !(await isHeld(db)); waitedMs += PAUSE_MS) {
    // a newer version that takes its time must not hold up the pods of this one
    if (await isUpToDate()) return false;
    if (waitedMs >= limitMs) throw new Error(await complaint(db, limitMs));
    if (waitedMs % TOLD_EVERY_MS === 0) {
      log.info({ holder: await holderOf(db) }, "another process migrates; waiting for it");
    }
    await pause(PAUSE_MS);
  }
  return true;
}

async function isHeld(db: Queryable): Promise<boolean> {
  return (await db.query<{ held: boolean }>(TRY, [LOCK])).rows[0]?.held === true;
}

const holderOf = async (db: Queryable) =>
  (await db.query<{ pid: number; [fact: string]: unknown }>(HOLDER, [LOCK])).rows[0];

async function complaint(db: Queryable, limitMs: number): Promise<string> {
  const holder = await holderOf(db);
  const who = holder ? `session ${holder.pid} of the database` : "another process";
  const cure = holder ? `; if that is stuck: SELECT pg_terminate_backend(${holder.pid})` : "";
  return `${who} has kept the lock of the migrations for ${limitMs / 1000} s${cure}`;
}
