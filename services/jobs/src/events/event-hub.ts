/** Who follows which jobs, here: all of them share one bell, and one look at the database. */
import {
  type JobEventRow,
  type JobNews,
  type JobNewsArgs,
  type Listening,
  readJobNews,
  type Store,
  type StoreLog,
} from "@airlock/jobs-store";

export interface EventReader {
  /** The number of the last event that it has. */
  readonly after: number;
  /** It takes no more at present: nothing is read for it, so nothing is kept for it. */
  readonly isFull: boolean;
  take(events: readonly JobEventRow[]): void;
  /** It has all that there will ever be. */
  end(): void;
  /** Told once a second. */
  beat?(nowMs: number): void;
}

export interface Following {
  /** It takes again. */
  wake(): void;
  leave(): void;
}

export interface EventHub {
  follow(jobId: string, reader: EventReader): Following;
  stop(): Promise<void>;
}

export interface EventHubOptions {
  readonly store: Pick<Store, "pool">;
  /** Begun with the first reader; undefined ids: any job. */
  readonly listen: (onJobs: (jobIds: readonly string[] | undefined) => void) => Listening;
  readonly log: Pick<StoreLog, "warn">;
  readonly pollMs?: number | undefined;
}

/** What the bell misses is found so soon. */
const POLL_MS = 1000;
/** Of a look: a reader that comes late to a long story has it in several. */
const EVENTS_OF_JOB = 50;
const JOBS_OF_LOOK = 500;

/**
 * One look is under way at once, whoever waits for it: readers cost no connection, and what happens
 * while it is under way is in the next one.
 */
export function createEventHub(options: EventHubOptions): EventHub {
  const { store, log, pollMs = POLL_MS } = options;
  const followed = new Map<string, Set<EventReader>>();
  /** Jobs that are to be looked at. */
  const stale = new Set<string>();
  let looking: Promise<void> | undefined;
  let listening: Listening | undefined;
  let isFailing = false;
  let isStopped = false;

  const nudge = (jobIds: Iterable<string> = followed.keys()): void => {
    for (const id of jobIds) if (followed.has(id)) stale.add(id);
    if (stale.size === 0 || isStopped) return;
    looking ??= look().finally(() => {
      looking = undefined;
      if (!isFailing && stale.size > 0) nudge([]);
    });
  };

  const look = async (): Promise<void> => {
    try {
      while (stale.size > 0 && !isStopped) {
        const asked = takeStale();
        if (asked.length === 0) continue;
        const news = await readJobNews(store.pool, asked, EVENTS_OF_JOB);
        isFailing = false;
        const afters = new Map(asked.map(({ reservationId, after }) => [reservationId, after]));
        for (const one of news) tell(one, afters.get(one.reservation_id) ?? 0);
      }
    } catch (error) {
      // the next poll asks for all of them
      if (!isFailing) log.warn({ error }, "the events of jobs cannot be read");
      isFailing = true;
    }
  };

  const takeStale = (): JobNewsArgs[] => {
    const asked: JobNewsArgs[] = [];
    for (const reservationId of stale) {
      if (asked.length >= JOBS_OF_LOOK) break;
      stale.delete(reservationId);
      const afters = [...(followed.get(reservationId) ?? [])]
        .filter(({ isFull }) => !isFull)
        .map(({ after }) => after);
      if (afters.length > 0) asked.push({ reservationId, after: Math.min(...afters) });
    }
    return asked;
  };

  const tell = (news: JobNews, asked: number): void => {
    const { reservation_id: jobId, version, is_over: isOver, events } = news;
    const isAll = events.length < EVENTS_OF_JOB;
    for (const reader of [...(followed.get(jobId) ?? [])]) {
      if (reader.isFull) continue;
      if (reader.after < asked) {
        // it came while the look was under way
        stale.add(jobId);
        continue;
      }
      const fresh = events.filter(({ seq }) => seq > reader.after);
      if (fresh.length > 0) reader.take(fresh);
      if (isAll && isOver && reader.after >= (version ?? 0)) reader.end();
    }
    if (!isAll) stale.add(jobId);
  };

  const polling = setInterval(() => {
    nudge();
    const nowMs = performance.now();
    for (const readers of followed.values()) {
      for (const reader of readers) reader.beat?.(nowMs);
    }
  }, pollMs).unref();

  return {
    follow(jobId, reader) {
      listening ??= options.listen(nudge);
      const readers = followed.get(jobId) ?? new Set();
      followed.set(jobId, readers.add(reader));
      nudge([jobId]);
      return {
        wake: () => nudge([jobId]),
        leave() {
          if (readers.delete(reader) && readers.size === 0) followed.delete(jobId);
        },
      };
    },
    async stop() {
      isStopped = true;
      clearInterval(polling);
      await Promise.all([looking, listening?.close()]);
    },
  };
}
