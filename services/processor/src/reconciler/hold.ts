/** A job in the hands of this process: what may still be done for it, and what is written about it. */
import {
  type ClaimedJob,
  type MoveJobArgs,
  moveJob,
  putOffJob,
  type Queryable,
  type TellJobArgs,
  tellJob,
} from "@airlock/jobs-store";

/** Somebody else has the job by now, or may have it any moment: nothing more is done for it here. */
export class LeaseLost extends Error {}

export interface Hold {
  readonly job: ClaimedJob;
  readonly lease: string;
  /**
   * How long a call to the cluster may take, which is less than the lease lasts.
   *
   * @throws LeaseLost
   */
  timeoutMs(): number;
}

/** The server's answer may take this long; a lease need not be longer than needed. */
const CALL_MS = 10_000;
/** Of the lease: the rest is for what was sent to arrive, and for the answer to be written down. */
const USABLE_PART = 0.75;
const SHORTEST_MS = 100;

/** @param claimedAtMs performance.now() before it was claimed. */
export const holdOf = (
  job: ClaimedJob,
  lease: string,
  leaseSeconds: number,
  claimedAtMs: number,
): Hold => ({ job, lease, timeoutMs: timeoutsWithin(leaseSeconds, claimedAtMs) });

/** @returns how long a call may take from when it is asked on. */
export function timeoutsWithin(leaseSeconds: number, claimedAtMs: number): Hold["timeoutMs"] {
  const untilMs = claimedAtMs + leaseSeconds * 1000 * USABLE_PART;
  return () => {
    const leftMs = untilMs - performance.now();
    if (leftMs < SHORTEST_MS) throw new LeaseLost("too little time is left");
    return Math.floor(Math.min(CALL_MS, leftMs));
  };
}

type Changes = Omit<MoveJobArgs, "reservationId" | "from" | "lease" | "version">;

/** Changes a job by what its row said, and by nothing that was asked of it meanwhile. @throws LeaseLost */
export async function moveUnchanged(db: Queryable, hold: Hold, args: Changes): Promise<void> {
  const { job, lease } = hold;
  const { reservation_id: reservationId, status, version } = job;
  const moved = await moveJob(db, { ...args, reservationId, from: [status], lease, version });
  if (moved !== undefined) return;
  // whoever asked has called for a look, which need not wait for the end of the lease
  await putOffJob(db, { reservationId, lease, seconds: 0 });
  throw new LeaseLost("it is another than it was, or somebody else's");
}

/** @throws LeaseLost */
export async function move(db: Queryable, { job, lease }: Hold, args: Changes): Promise<void> {
  const { reservation_id: reservationId, status } = job;
  const moved = await moveJob(db, { ...args, reservationId, from: [status], lease });
  if (moved === undefined) throw new LeaseLost("it is somebody else's");
}

/** Gives a job back that has not started, with words for its owner. @throws LeaseLost */
export async function tell(
  db: Queryable,
  { job, lease }: Hold,
  args: Omit<TellJobArgs, "reservationId" | "lease">,
): Promise<void> {
  const isTold = await tellJob(db, { ...args, reservationId: job.reservation_id, lease });
  if (!isTold) throw new LeaseLost("it is somebody else's");
}
