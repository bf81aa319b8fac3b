/** Carries out what is asked of a job, or puts an order about it on the queue. */
import { randomUUID } from "node:crypto";
import { type JobActionRequested, ProblemError } from "@airlock/contract";
import {
  type Asker,
  cancelWaitingJob,
  clearRequestError,
  isLive,
  type JobOrder,
  type JobRow,
  sendOrder,
  type Transaction,
} from "@airlock/jobs-store";
import { demandRoom } from "./job-hours.ts";
import { demandHoursQuota } from "./quota.ts";

export type JobRequest =
  | { readonly action: "cancel" | "enable_jupyter" | "disable_jupyter" }
  | { readonly action: "extend"; readonly extension_hours: number }
  | { readonly action: "add_user"; readonly github_username: string };

/** The beginning of what the client is told. */
const WORDS: { readonly [A in JobRequest["action"]]: string } = {
  cancel: "Cancellation request submitted",
  enable_jupyter: "Jupyter enable request submitted",
  disable_jupyter: "Jupyter disable request submitted",
  extend: "Extension request submitted",
  add_user: "Add user request submitted",
};

/**
 * Clients see an extension only when they look once before it and once after it: a processor that
 * is quicker than their first look would seem never to have done it.
 */
const EXTEND_DELAY_SECONDS = 3;

export interface JobActionArgs {
  /** As it was found in this transaction. */
  readonly job: Pick<
    JobRow,
    | "reservation_id"
    | "user_id"
    | "gpu_type"
    | "status"
    | "end_as"
    | "launched_at"
    | "expires_at"
    | "duration_hours"
  >;
  readonly order: JobRequest;
  readonly by: Asker;
  readonly queue: string;
  /** From launch to end. */
  readonly maxHours: number;
}

/** @throws ProblemError job_ended, invalid_body for too many hours, quota_exceeded. */
export async function requestAction(
  transaction: Transaction,
  { job, order, by, queue, maxHours }: JobActionArgs,
): Promise<JobActionRequested> {
  const { reservation_id, status } = job;
  if (!isLive(status)) {
    throw new ProblemError("job_ended", `Job ${reservation_id} is ${status} already.`);
  }
  // whatever else is asked of it would be done by nobody, and be told to nobody
  if (job.end_as !== null && order.action !== "cancel") {
    throw new ProblemError("job_ended", `Job ${reservation_id} is ending already.`);
  }
  if (order.action === "extend") {
    demandRoom(job, order.extension_hours, maxHours);
    await demandHoursQuota(transaction, job, order.extension_hours);
  }
  const orderId = randomUUID();
  const answer = (messageId: string): JobActionRequested => ({
    job_id: reservation_id,
    action: order.action,
    status: "requested",
    message: `${WORDS[order.action]}${detailOf(order)} (message ID: ${messageId})`,
  });
  if (order.action === "cancel") {
    const isCancelled = await cancelWaitingJob(transaction, {
      reservationId: reservation_id,
      orderId,
      by,
    });
    if (isCancelled) return answer(orderId);
  }
  const isExtension = order.action === "extend";
  if (order.action !== "cancel") await clearRequestError(transaction, reservation_id, order.action);
  const messageId = await sendOrder(transaction, {
    queue,
    order: orderOf(order, by, { v: 1, order_id: orderId, job_id: reservation_id }),
    delaySeconds: isExtension ? EXTEND_DELAY_SECONDS : 0,
  });
  return answer(messageId);
}

function orderOf(
  request: JobRequest,
  { actor, reason }: Asker,
  head: Pick<JobOrder, "v" | "order_id" | "job_id">,
): JobOrder {
  const { action, ...argumentsOf } = request;
  const by = actor === "operator" && { by: actor, ...(reason !== undefined && { reason }) };
  return { ...head, action, arguments: { ...argumentsOf, ...by } } as JobOrder;
}

function detailOf(order: JobRequest): string {
  if (order.action === "extend") return ` for ${order.extension_hours} hours`;
  if (order.action === "add_user") return ` for GitHub user '${order.github_username}'`;
  return "";
}
