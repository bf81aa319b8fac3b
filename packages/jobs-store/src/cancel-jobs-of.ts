/** Ends all jobs of a user for an operator: those that wait by their rows, those that have started by orders. */
import { randomUUID } from "node:crypto";
import { cancelWaitingJob } from "./statements/jobs/cancel-waiting-job.ts";
import { lockLiveJobsOfUser } from "./statements/jobs/lock-live-jobs-of-user.ts";
import { sendOrder } from "./statements/queue/send-order.ts";
import type { Transaction } from "./transaction.ts";

export interface CancelJobsOfArgs {
  readonly userId: number;
  /** Of jobs. */
  readonly queue: string;
  /** Begin behind this id. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** @returns the ids of those that were asked to end now; as many as `limit` means that there may be more. */
export async function cancelJobsOf(
  transaction: Transaction,
  { userId, queue, after, limit }: CancelJobsOfArgs,
): Promise<string[]> {
  const jobs = await lockLiveJobsOfUser(transaction, { userId, after, limit });
  // sent one behind the other, answered together
  await Promise.all(
    jobs.map(async ({ reservation_id: reservationId, status }) => {
      const orderId = randomUUID();
      const isWaiting = status === "queued" || status === "pending";
      if (isWaiting)
        return await cancelWaitingJob(transaction, { reservationId, orderId, by: OPERATOR });
      const about = { v: 1, order_id: orderId, job_id: reservationId } as const;
      const order = { ...about, action: "cancel", arguments: { by: "operator" } } as const;
      return await sendOrder(transaction, { queue, order });
    }),
  );
  return jobs.map(({ reservation_id }) => reservation_id);
}

const OPERATOR = { actor: "operator" } as const;
