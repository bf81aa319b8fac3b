/** Writes down when jobs that wait are told to start, the first time that they are: once a job. */
import {
  type History,
  listRecentJobs,
  type OrderRules,
  promiseStarts,
  type Store,
  startsOf,
  type TypeView,
} from "@airlock/jobs-store";

export interface PromisesOptions {
  readonly store: Store;
  readonly rules: OrderRules;
}

const DAY_MS = 86_400_000;
/** What jobs lately did changes slowly. */
const HISTORY_MS = 60_000;
/** Of the time, playing is a tenth at most: placement waits for it. */
const RESTS_PER_PLAY = 9;

export function createPromises({ store, rules }: PromisesOptions) {
  let history: History | undefined;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let restsUntilMs = Number.NEGATIVE_INFINITY;

  return async (view: TypeView): Promise<void> => {
    const isNew = [...view.outlooks.values()].some(
      ({ job, position, startsNow }) => position !== null && !startsNow && !job.is_promised,
    );
    if (!isNew || performance.now() < restsUntilMs) return;
    if (history === undefined || performance.now() - readAtMs > HISTORY_MS) {
      history = { windowMs: DAY_MS, jobs: await listRecentJobs(store.pool) };
      readAtMs = performance.now();
    }
    const startedAtMs = performance.now();
    const starts = await startsOf(view, history, rules);
    const endedAtMs = performance.now();
    restsUntilMs = endedAtMs + RESTS_PER_PLAY * (endedAtMs - startedAtMs);
    const promised = [...starts].flatMap(([reservationId, start]) => {
      const outlook = view.outlooks.get(reservationId);
      const isTold = outlook === undefined || outlook.startsNow || outlook.job.is_promised;
      return isTold ? [] : [{ reservationId, ...start }];
    });
    await promiseStarts(store.pool, promised);
  };
}
