/** What lasts beyond a request ends when its key is revoked, its user disabled or its job over. */
import type { StoreLog } from "./log.ts";
import { checkStanding, type StandingRow } from "./statements/jobs/check-standing.ts";
import { isFinal } from "./statements/jobs/job-states.ts";
import type { Store } from "./store.ts";

export type Fallen = "forbidden" | "job_ended";

export interface Holder {
  readonly jobId: string;
  /** Of the key that it was begun with. Expiring does not end anything. */
  readonly keyPrefix: string;
  /** Called once. */
  onFallen(why: Fallen): void;
}

export interface Standing {
  /** @returns what ends the watch. */
  watch(holder: Holder): () => void;
  stop(): void;
}

export interface StandingOptions {
  readonly store: Pick<Store, "pool">;
  readonly log: Pick<StoreLog, "warn">;
  readonly everyMs?: number | undefined;
}

/** A third of what is promised. */
const EVERY_MS = 20_000;

/** While the database does not answer nobody can be revoked there either: what there is goes on. */
export function createStanding({ store, log, everyMs = EVERY_MS }: StandingOptions): Standing {
  const holders = new Set<Holder>();
  let isFailing = false;
  let isLooking = false;

  const look = async () => {
    if (holders.size === 0 || isLooking) return;
    isLooking = true;
    const asked = [...holders];
    try {
      const rows = await checkStanding(
        store.pool,
        asked.map(({ jobId, keyPrefix }) => ({ reservationId: jobId, keyPrefix })),
      );
      isFailing = false;
      for (const [index, holder] of asked.entries()) {
        const why = fallen(rows[index]);
        if (why !== undefined && holders.delete(holder)) holder.onFallen(why);
      }
    } catch (error) {
      if (!isFailing)
        log.warn({ error }, "it cannot be checked whether tunnels and streams may go on");
      isFailing = true;
    } finally {
      isLooking = false;
    }
  };
  const looking = setInterval(() => void look(), everyMs).unref();
  return {
    watch(holder) {
      holders.add(holder);
      return () => void holders.delete(holder);
    },
    stop: () => clearInterval(looking),
  };
}

function fallen(row: StandingRow | undefined): Fallen | undefined {
  if (row === undefined || row.status === null || isFinal(row.status)) return "job_ended";
  return row.is_active && !row.is_revoked ? undefined : "forbidden";
}
