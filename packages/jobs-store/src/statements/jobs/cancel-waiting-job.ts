/** Ends a job that nothing stands for in the cluster yet: there is nobody to wait for. */
import type { Queryable } from "../../queryable.ts";
import { WAITING_STATES } from "./job-states.ts";
import { type JobEvent, moveJob } from "./move-job.ts";

export interface CancelWaitingJobArgs {
  readonly reservationId: string;
  /** UUID; stands in the job's event. */
  readonly orderId: string;
  /** Default: its owner. */
  readonly by?: Asker | undefined;
}

/** Who asks for something, as a job's events tell it. */
export interface Asker {
  readonly actor: JobEvent["actor"];
  /** For the owner to read. */
  readonly reason?: string | undefined;
}

/** @returns false when it does not wait any more. */
export async function cancelWaitingJob(
  db: Queryable,
  { reservationId, orderId, by = { actor: "user" } }: CancelWaitingJobArgs,
): Promise<boolean> {
  const moved = await moveJob(db, {
    reservationId,
    from: WAITING_STATES,
    to: "cancelled",
    isCleaned: true,
    event: {
      kind: "cancelled",
      actor: by.actor,
      data: { order_id: orderId, ...(by.reason !== undefined && { reason: by.reason }) },
    },
  });
  return moved !== undefined;
}
