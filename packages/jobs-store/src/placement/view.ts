/**
 * What there is of a type and what becomes of each job that waits for it, from the rows of one moment:
 * bookings, lists, explanations, plans and availability are all read off this one view.
 */
import type { ClusterTypeRow } from "../statements/cluster/read-cluster.ts";
import type { WaitingJobRow } from "../statements/jobs/list-waiting-jobs.ts";
import { byDisks } from "./by-disks.ts";
import { inOrder, type OrderRules } from "./order.ts";
import { type Placement, type PlacementQuestion, place } from "./place.ts";
import { questionOf, type Unbooked, unbookedOn } from "./question.ts";
import { createReasons, STARTS_NOW, unseen } from "./reason.ts";
import type { Reason } from "./reason-codes.ts";

export interface TypeView {
  readonly gpuType: string;
  readonly row: ClusterTypeRow;
  readonly question: PlacementQuestion;
  readonly placement: Placement;
  /** By job, of all that are considered. */
  readonly outlooks: ReadonlyMap<string, Outlook>;
}

export interface Outlook {
  readonly job: WaitingJobRow;
  readonly startsNow: boolean;
  /** 1: nobody who waits is before it. Null: it stands in no line, and others pass it. */
  readonly position: number | null;
  readonly reason: Reason;
}

/** @param unbooked as the cluster shows it at this moment; default: as it was written down last. */
export function viewOf(
  row: ClusterTypeRow,
  rules: OrderRules,
  unbooked: readonly Unbooked[] = unbookedOn(row.nodes),
): TypeView {
  // what nobody looks at nobody starts a job on
  const seen: ClusterTypeRow = row.is_seen ? row : { ...row, nodes: [] };
  const lined = inOrder(row.waiting.map(inLine), heldByUser(row), rules, row.now_ms);
  const { able, waits: disks } = byDisks(lined.map(({ job }) => job));
  const question = questionOf(seen, able, unbooked);
  const placement = place(question);
  const jobs = new Map(row.waiting.map((job) => [job.reservation_id, job]));
  const outlooks = new Map<string, Outlook>();
  const tell = (jobId: string, outlook: Omit<Outlook, "job">) => {
    const job = jobs.get(jobId);
    if (job !== undefined) outlooks.set(jobId, { job, ...outlook });
  };
  for (const [jobId, reason] of disks) tell(jobId, { startsNow: false, position: null, reason });
  for (const { jobId } of placement.placed) {
    tell(jobId, { startsNow: true, position: 1, reason: STARTS_NOW });
  }
  const whyOf = createReasons({ gpuType: row.gpu_type, question, placement });
  for (const waits of placement.waits) {
    const { jobId, why } = waits;
    const gpus = jobs.get(jobId)?.gpu_count ?? 0;
    const position = why === "first" ? 1 : why === "behind" ? waits.jobsAhead + 1 : null;
    const reason = row.is_seen ? whyOf(waits, gpus) : unseen(row.gpu_type);
    tell(jobId, { startsNow: false, position, reason });
  }
  return { gpuType: row.gpu_type, row: seen, question, placement, outlooks };
}

const inLine = (job: WaitingJobRow) => ({
  job,
  jobId: job.reservation_id,
  userId: job.user_id,
  gpus: job.gpu_count,
  createdAtMs: job.created_at_ms,
});

/** In GPUs; in jobs where the type has none. */
function heldByUser({ bookings }: ClusterTypeRow): Map<number, number> {
  const held = new Map<number, number>();
  for (const { user_id, gpus } of bookings) {
    held.set(user_id, (held.get(user_id) ?? 0) + Math.max(1, gpus));
  }
  return held;
}
