/** Puts an order about a job on the queue. */
import { type JobActionRequested, ProblemError } from "@airlock/contract";
import {
  isLive,
  type JobMessage,
  messageMetadata,
  type Queryable,
  sendMessage,
} from "@airlock/jobs-store";
import type { User } from "../users.ts";
import { findJobByPrefix } from "./find-by-prefix.ts";

export type JobOrder =
  | { readonly action: "cancel" | "enable_jupyter" | "disable_jupyter" }
  | { readonly action: "extend"; readonly extension_hours: number }
  | { readonly action: "add_user"; readonly github_username: string };

/** The beginning of what the client is told. */
const WORDS: { readonly [A in JobOrder["action"]]: string } = {
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

/** @throws ProblemError job_not_found, job_id_ambiguous, job_ended. */
export async function requestAction(
  transaction: Queryable,
  { user, job, order, queue }: { user: User; job: string; order: JobOrder; queue: string },
): Promise<JobActionRequested> {
  const { reservation_id, status } = await findJobByPrefix(transaction, user.userId, job);
  if (!isLive(status)) {
    throw new ProblemError("job_ended", `Job ${reservation_id} is ${status} already.`);
  }
  const at = new Date().toISOString();
  const message: JobMessage = {
    ...order,
    job_id: reservation_id,
    reservation_id,
    user_id: user.username,
    username: user.username,
    requested_at: at,
    _metadata: messageMetadata(at),
  };
  const delaySeconds = order.action === "extend" ? EXTEND_DELAY_SECONDS : 0;
  const messageId = await sendMessage(transaction, { queue, message, delaySeconds });
  return {
    job_id: reservation_id,
    action: order.action,
    status: "requested",
    message: `${WORDS[order.action]}${detailOf(order)} (message ID: ${messageId})`,
  };
}

function detailOf(order: JobOrder): string {
  if (order.action === "extend") return ` for ${order.extension_hours} hours`;
  if (order.action === "add_user") return ` for GitHub user '${order.github_username}'`;
  return "";
}
