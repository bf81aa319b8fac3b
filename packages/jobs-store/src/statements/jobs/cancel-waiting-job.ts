/** Ends a job that nothing stands for in the cluster yet: there is nobody to wait for. */
import type { Queryable } from "../../queryable.ts";
import { WAITING_STATES } from "./job-states.ts";
import { moveJob } from "./move-job.ts";

export interface CancelWaitingJobArgs {
  readonly reservationId: string;
  /** UUID; stands in the job's event. */
  readonly orderId: string;
}

/** @returns false when it does not wait any more. */
export async function cancelWaitingJob(
  db: Queryable,
  { reservationId, orderId }: CancelWaitingJobArgs,
): Promise<boolean> {
  const moved = await moveJob(db, {
    reservationId,
    from: WAITING_STATES,
    to: "cancelled",
    isCleaned: true,
    event: { kind: "cancelled", actor: "user", data: { order_id: orderId } },
  });
  return moved !== undefined;
}
