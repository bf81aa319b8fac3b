/** Accepts a job: its row and its message, in one transaction. */
import { randomUUID } from "node:crypto";
import { type JobSubmitted, ProblemError, type SubmitJob } from "@airlock/contract";
import {
  findJob,
  findJobOwner,
  type InsertJobArgs,
  insertJob,
  type JobRow,
  messageMetadata,
  pickPodName,
  type Queryable,
  type Sealer,
  sendMessage,
} from "@airlock/jobs-store";
import type { User } from "../users.ts";
import { chooseGpus } from "./gpu-choice.ts";
import { podNamesOf } from "./pod-names.ts";

export interface Submission {
  readonly user: User;
  readonly body: SubmitJob;
}

export interface SubmitContext {
  readonly queue: string;
  readonly sealer: Sealer;
}

/** What decides whether a second submission with the same id is the same one. */
type Wanted = Omit<InsertJobArgs, "podName" | "envVarsSealed" | "userId">;

/**
 * Run it in a transaction, again after a conflict.
 *
 * @throws ProblemError job_id_taken, gpu_type_unknown, gpu_type_mismatch, invalid_body.
 */
export async function submitJob(
  transaction: Queryable,
  { user, body }: Submission,
  { queue, sealer }: SubmitContext,
): Promise<JobSubmitted> {
  const wanted = await wantedOf(transaction, body);
  const { reservationId } = wanted;
  if (body.env_vars?.controls.RESERVATION_ID !== undefined) {
    const before = await findOwn(transaction, user, wanted);
    if (before) return answerOf(before.reservation_id, before.status, "Job was submitted before");
  }
  const podName = await pickPodName(transaction, podNamesOf(reservationId));
  if (podName === undefined) throw idTaken();
  const variables = body.env_vars?.variables ?? {};
  const place = { reservationId, column: "env_vars" } as const;
  const hasVariables = Object.keys(variables).length > 0;
  const createdAt = await insertJob(transaction, {
    ...wanted,
    userId: user.userId,
    podName,
    envVarsSealed: hasVariables ? sealer.seal(place, JSON.stringify(variables)) : null,
  });
  const message = messageOf(wanted, user, createdAt.toISOString());
  const messageId = await sendMessage(transaction, { queue, message });
  const words = `Job submitted successfully to queue (message ID: ${messageId})`;
  return answerOf(reservationId, "queued", words);
}

async function wantedOf(transaction: Queryable, body: SubmitJob): Promise<Wanted> {
  const { RESERVATION_ID, GPU_TYPE, GPU_COUNT, POD_NAME, ...controls } = body.env_vars
    ?.controls ?? { GITHUB_USER: "", JUPYTER_ENABLED: false };
  const reservationId = RESERVATION_ID ?? randomUUID();
  const wish = { instanceType: body.instance_type, gpuType: GPU_TYPE, gpuCount: GPU_COUNT };
  return {
    reservationId,
    name: POD_NAME ?? podNamesOf(reservationId)[0] ?? null,
    image: body.image,
    command: body.command ?? null,
    ...(await chooseGpus(transaction, wish)),
    durationHours: body.duration_hours,
    diskName: body.disk_name ?? null,
    diskSizeGb: body.disk_size_gb ?? null,
    githubUser: controls.GITHUB_USER,
    jupyterEnabled: controls.JUPYTER_ENABLED,
  };
}

/** @throws ProblemError job_id_taken unless the id is free, or stands for this very submission. */
async function findOwn(
  transaction: Queryable,
  user: User,
  wanted: Wanted,
): Promise<JobRow | undefined> {
  const { reservationId } = wanted;
  const owner = await findJobOwner(transaction, reservationId);
  if (owner === undefined) return undefined;
  const job = await findJob(transaction, { userId: user.userId, reservationId });
  if (!job || !isSame(job, wanted)) throw idTaken();
  return job;
}

/** But for env_vars, which nobody opens for this. */
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

function messageOf(wanted: Wanted, { username }: User, at: string) {
  const { reservationId } = wanted;
  return {
    action: "create_reservation" as const,
    job_id: reservationId,
    reservation_id: reservationId,
    user_id: username,
    username,
    gpu_type: wanted.gpuType,
    gpu_count: wanted.gpuCount,
    github_user: wanted.githubUser,
    jupyter_enabled: wanted.jupyterEnabled,
    name: wanted.name ?? reservationId,
    version: "0.4.0" as const,
    dockerimage: wanted.image,
    instance_type: wanted.instanceType,
    duration_hours: wanted.durationHours,
    disk_name: wanted.diskName,
    disk_size_gb: wanted.diskSizeGb,
    command: wanted.command,
    submitted_at: at,
    created_at: at,
    status: "queued" as const,
    _metadata: messageMetadata(at),
  };
}

const answerOf = (
  job_id: string,
  status: JobSubmitted["status"],
  message: string,
): JobSubmitted => ({ job_id, status, message, estimated_start_time: null });

const idTaken = () =>
  new ProblemError("job_id_taken", "This RESERVATION_ID cannot be used; choose another one.");
