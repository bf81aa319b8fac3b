/** Accepts a job: its row, its disk and its order, in one transaction. */
import { randomUUID } from "node:crypto";
import { type JobSubmitted, ProblemError, type SubmitJob } from "@airlock/contract";
import {
  claimDisk,
  findJob,
  findJobOwner,
  insertJob,
  type JobRow,
  lockActiveUser,
  type Queryable,
  type Transaction,
} from "@airlock/jobs-store";
import type { ApiDeps } from "../deps.ts";
import { deleted } from "../disks/change-disk.ts";
import { isConflict } from "../races.ts";
import { type User, userDisabled } from "../users.ts";
import { chooseGpus, type GpuWish } from "./gpu-choice.ts";
import { podNameOf } from "./pod-names.ts";
import { demandQuota } from "./quota.ts";
import { type Wanted, wantedOf } from "./wanted.ts";

export interface Submission {
  readonly user: User;
  readonly body: SubmitJob;
}

export type SubmitContext = Pick<
  ApiDeps,
  "jobQueue" | "sealer" | "diskSizeGb" | "maxJobHours" | "defaultImage" | "choices"
>;

/** Of all pods that something is left of; of live jobs, which the release before knew. */
const POD_NAMES = ["reservations_pod_name", "reservations_live_pod_name"];

/**
 * Run it in a transaction, which ends with it, again after a conflict.
 *
 * @throws ProblemError job_id_taken, gpu_type_unknown, gpu_type_mismatch, invalid_body, disk_deleted,
 * quota_exceeded, api_key_disabled.
 */
export async function submitJob(
  transaction: Transaction,
  { user, body }: Submission,
  context: SubmitContext,
): Promise<JobSubmitted> {
  const { jobQueue: queue, sealer, diskSizeGb, choices } = context;
  let isOfferChecked = false;
  const choose = async (wish: GpuWish) => {
    // a disk would be made before the check, and stay
    const before = body.disk_name == null ? choices.find(wish) : undefined;
    isOfferChecked = before !== undefined;
    const choice = before ?? (await chooseGpus(transaction, wish));
    choices.keep(wish, choice);
    return choice;
  };
  const { hasQuotas, ...wanted } = await wantedOf(choose, body, context);
  const { reservationId } = wanted;
  const variables = body.env_vars?.variables ?? {};
  const asked = textOf(wanted, variables);
  if (body.env_vars?.controls.RESERVATION_ID !== undefined) {
    const before = await findOwn(transaction, user, wanted, (fingerprint) =>
      sealer.hasFingerprint(asked, fingerprint),
    );
    if (before) return answerOf(before.reservation_id, before.status, "Job was submitted before");
  }
  if (hasQuotas) await demandQuota(transaction, user, wanted);
  const diskId = await diskOf(transaction, user, wanted, diskSizeGb);
  const place = { reservationId, column: "env_vars" } as const;
  const hasVariables = Object.keys(variables).length > 0;
  const order = { v: 1, action: "create", order_id: randomUUID(), job_id: reservationId } as const;
  transaction.ringAfterCommit(queue);
  const inserted = await insertJob(transaction.last, {
    ...wanted,
    userId: user.userId,
    diskId,
    podName: podNameOf(reservationId),
    envVarsSealed: hasVariables ? sealer.seal(place, JSON.stringify(variables)) : null,
    wantedFingerprint: sealer.fingerprint(asked),
    order: {
      queue,
      order: { ...order, arguments: {} },
      traceparent: transaction.traceparent,
    },
    isOfferChecked,
  }).catch((error: unknown) => {
    // the next run asks
    if (isOfferChecked) choices.forget();
    const isTaken = POD_NAMES.some((constraint) => isConflict(error, constraint));
    throw isTaken ? idTaken() : error;
  });
  if (inserted === undefined) throw userDisabled();
  const words = `Job submitted successfully to queue (message ID: ${inserted.messageId})${whoGetsIn(wanted)}`;
  return answerOf(reservationId, "queued", words);
}

/** A job may need nobody; who forgot to say it would notice only when it runs. */
const whoGetsIn = ({ githubUser, sshPublicKeys }: Wanted): string =>
  githubUser === "" && sshPublicKeys.length === 0
    ? ". Nobody can log in to it: it has neither GITHUB_USER nor ssh_public_keys."
    : "";

/** Everything that two submissions of one job have in common. */
function textOf(wanted: Wanted, variables: Readonly<Record<string, string>>): string {
  const inOrder = Object.entries(variables).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([Object.entries(wanted).sort(([a], [b]) => (a < b ? -1 : 1)), inOrder]);
}

/** @throws ProblemError disk_deleted, api_key_disabled. */
async function diskOf(
  transaction: Transaction,
  { userId }: User,
  { diskName, diskSizeGb }: Wanted,
  defaultSizeGb: number,
): Promise<string | null> {
  if (diskName === null) return null;
  const sizeGb = diskSizeGb ?? defaultSizeGb;
  // sent one behind the other: a disk that nobody may have is gone with the transaction
  const [isActive, { disk_id, is_deleted }] = await Promise.all([
    lockActiveUser(transaction, userId),
    claimDisk(transaction, { userId, diskName, sizeGb }),
  ]);
  if (!isActive) throw userDisabled();
  if (is_deleted) throw deleted(diskName);
  return disk_id;
}

/** @throws ProblemError job_id_taken unless the id is free, or stands for this very submission. */
async function findOwn(
  transaction: Queryable,
  user: User,
  wanted: Wanted,
  hasFingerprint: (fingerprint: string) => boolean | undefined,
): Promise<JobRow | undefined> {
  const { reservationId } = wanted;
  const owner = await findJobOwner(transaction, reservationId);
  if (owner === undefined) return undefined;
  const job = await findJob(transaction, { userId: user.userId, reservationId });
  const isTold = job?.wanted_fingerprint && hasFingerprint(job.wanted_fingerprint);
  if (!job || !(isTold ?? isSame(job, wanted))) throw idTaken();
  return job;
}

/**
 * For rows without a fingerprint, or with one whose key is gone: but for env_vars, which nobody opens
 * for this.
 */
const isSame = (job: JobRow, wanted: Wanted): boolean =>
  job.name === wanted.name &&
  job.image === wanted.image &&
  job.command === wanted.command &&
  job.gpu_type === wanted.gpuType &&
  job.gpu_count === wanted.gpuCount &&
  job.duration_hours === wanted.durationHours &&
  job.disk_name === wanted.diskName &&
  job.disk_size_gb === wanted.diskSizeGb &&
  job.github_user === wanted.githubUser;

const answerOf = (
  job_id: string,
  status: JobSubmitted["status"],
  message: string,
): JobSubmitted => ({ job_id, status, message, estimated_start_time: null });

export const idTaken = () =>
  new ProblemError("job_id_taken", "This RESERVATION_ID cannot be used; choose another one.");
