/** What becomes of the jobs that wait: one look at the cluster, and one forecast of it, for all who ask. */
import { setTimeout as delay } from "node:timers/promises";
import {
  type History,
  listRecentJobs,
  type OrderRules,
  type Outlook,
  readViews,
  type Start,
  type Store,
  startsOf,
  type TypeView,
} from "@airlock/jobs-store";
import { createLook } from "../look.ts";

export interface Outlooks {
  /** Every type, as it is now. */
  views(): Promise<readonly TypeView[]>;
  /** A job's, with its start as exactly as it is known. @returns undefined for a job that is in no view. */
  of(jobId: string): Promise<KnownOutlook | undefined>;
  /** The same of several jobs, with starts as they were known last: nobody waits for them. */
  ofAll(jobIds: readonly string[]): Promise<ReadonlyMap<string, KnownOutlook>>;
  /** When a job that was submitted a moment ago starts; null while others ask too much. */
  startOfNew(jobId: string): Promise<Start | null>;
  /** Of a view that is somebody's own. */
  startsIn(view: TypeView): Promise<ReadonlyMap<string, Start> | undefined>;
}

export interface KnownOutlook extends Outlook {
  readonly view: TypeView;
  readonly views: readonly TypeView[];
  readonly start: Start | null;
}

const DAY_MS = 86_400_000;
/** What jobs lately did changes slowly. */
const HISTORY_MS = 60_000;
/** As old may be what lists tell of jobs that wait. */
const RECENT_MS = 2000;
/** Whoever submits has his job already, and is not kept waiting for its start. */
const MOST_OF_NEW_MS = 300;
/** A start that was known so lately is told again. */
const FRESH_MS = 5000;
/** Of the time, playing is a half at most, and for whoever does not wait for it a tenth. */
const RESTS_PER_PLAY = 1;
const RESTS_UNASKED = 9;
/** Less than the gateway waits: whoever asks is told the rest without it. */
const MOST_MS = 1500;

export function createOutlooks(store: Store, rules: OrderRules): Outlooks {
  let recent: { readonly views: readonly TypeView[]; readonly atMs: number } | undefined;
  const views = createLook(async () => {
    const seen = await readViews(store.pool, rules);
    recent = { views: seen, atMs: performance.now() };
    return seen;
  });
  const history = createHistory(store);
  const play = inTurn(async (view: TypeView) => await startsOf(view, await history(), rules));
  const told = new Map<string, ToldStarts>();
  let busyUntilMs = Number.NEGATIVE_INFINITY;

  const tell = async (view: TypeView): Promise<ReadonlyMap<string, Start> | undefined> => {
    const startedAtMs = performance.now();
    const starts = await play(view);
    const atMs = performance.now();
    if (starts) told.set(view.gpuType, { starts, atMs, tookMs: atMs - startedAtMs });
    return starts;
  };
  /** As it was known last; one that is old is looked for, for whoever asks next. */
  const lastOf = (view: TypeView): ReadonlyMap<string, Start> | undefined => {
    const last = told.get(view.gpuType);
    const restMs = last ? Math.max(FRESH_MS, RESTS_UNASKED * last.tookMs) : 0;
    if (!last || (!last.next && performance.now() - last.atMs > restMs)) {
      const next = tell(view)
        .catch(() => {})
        .then(() => {
          const known = told.get(view.gpuType);
          // it came to nothing: somebody else may try, later
          if (known?.next === next) {
            told.set(view.gpuType, { ...known, next: undefined, atMs: performance.now() });
          }
        });
      told.set(view.gpuType, { ...(last ?? NEVER), next });
    }
    return last?.starts;
  };
  /** Those of a moment ago do, where all of these jobs are in them: whoever asks all the time waits for no look. */
  const viewsWith = async (jobIds: readonly string[]): Promise<readonly TypeView[]> => {
    const ageMs = recent ? performance.now() - recent.atMs : Number.POSITIVE_INFINITY;
    const known = ageMs < RECENT_MS ? recent?.views : undefined;
    const isIn = (jobId: string) => known?.some(({ outlooks }) => outlooks.has(jobId));
    if (known === undefined || !jobIds.every(isIn)) return await views();
    if (ageMs > RECENT_MS / 2) void views().catch(() => {});
    return known;
  };
  const find = (jobIds: readonly string[], all: readonly TypeView[]) =>
    jobIds.flatMap((jobId) => {
      const view = all.find(({ outlooks }) => outlooks.has(jobId));
      const outlook = view?.outlooks.get(jobId);
      return view && outlook ? [{ jobId, view, views: all, ...outlook }] : [];
    });

  return {
    views,
    startsIn: play,
    async of(jobId) {
      const [found] = find([jobId], await views());
      if (found === undefined) return undefined;
      if (found.startsNow || found.position === null) return { ...found, start: nowOf(found) };
      return { ...found, start: (await tell(found.view))?.get(jobId) ?? null };
    },
    async ofAll(jobIds) {
      if (jobIds.length === 0) return new Map();
      // a job is told without its outlook rather than not at all
      const found = find(jobIds, await viewsWith(jobIds).catch(() => []));
      return new Map(
        found.map((one) => [
          one.jobId,
          {
            ...one,
            start: one.startsNow ? nowOf(one) : (lastOf(one.view)?.get(one.jobId) ?? null),
          },
        ]),
      );
    },
    async startOfNew(jobId) {
      const startedAtMs = performance.now();
      if (startedAtMs < busyUntilMs) return null;
      busyUntilMs = Number.POSITIVE_INFINITY;
      try {
        const told = await Promise.race([
          this.of(jobId),
          delay(MOST_OF_NEW_MS, undefined, { ref: false }),
        ]);
        return told?.start ?? null;
      } finally {
        const endedAtMs = performance.now();
        busyUntilMs = endedAtMs + RESTS_UNASKED * (endedAtMs - startedAtMs);
      }
    },
  };
}

/** Whoever starts now needs no forecast; whoever is in no line has none. */
export const nowOf = ({
  startsNow,
  view,
}: Pick<KnownOutlook, "startsNow" | "view">): Start | null =>
  startsNow ? { p50Ms: view.row.now_ms, p90Ms: view.row.now_ms } : null;

interface ToldStarts {
  readonly starts: ReadonlyMap<string, Start>;
  readonly atMs: number;
  readonly tookMs: number;
  /** Under way. */
  readonly next?: Promise<unknown> | undefined;
}

const NEVER: ToldStarts = { starts: new Map(), atMs: 0, tookMs: 0 };

function createHistory(store: Store): () => Promise<History> {
  let known: Promise<History> | undefined;
  let readAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (known === undefined || performance.now() - readAtMs > HISTORY_MS) {
      readAtMs = performance.now();
      known = listRecentJobs(store.pool).then((jobs) => ({ windowMs: DAY_MS, jobs }));
      known.catch(() => {
        known = undefined;
      });
    }
    return known;
  };
}

/**
 * One at a time, with a rest after each.
 *
 * @returns what tells undefined where its turn would come too late.
 */
function inTurn(work: (view: TypeView) => Promise<ReadonlyMap<string, Start>>) {
  let last: Promise<unknown> = Promise.resolve();
  return async (view: TypeView): Promise<ReadonlyMap<string, Start> | undefined> => {
    let isLate = false;
    const turn = last.then(async () => {
      if (isLate) return undefined;
      const startedAtMs = performance.now();
      const starts = await work(view);
      const restMs = RESTS_PER_PLAY * (performance.now() - startedAtMs);
      return { starts, rest: delay(restMs, undefined, { ref: false }) };
    });
    last = turn.then(
      (done) => done?.rest,
      () => {},
    );
    const late = new AbortController();
    const inTime = await Promise.race([
      turn,
      delay(MOST_MS, undefined, { signal: late.signal, ref: false }).catch(() => undefined),
    ]).finally(() => late.abort());
    isLate = inTime === undefined;
    return inTime?.starts;
  };
}
