/** Writes a job down, with its first event and its order. What is in this row has been accepted. */
import type { JobOrder } from "../../orders.ts";
import { prepared } from "../../prepared.ts";
import type { Queryable } from "../../queryable.ts";
import type { Sealed } from "../../sealed.ts";
import { StoreError } from "../../store-error.ts";
import { sending } from "../queue/order-tables.ts";

export interface InsertJobArgs {
  readonly reservationId: string;
  readonly userId: number;
  readonly name: string | null;
  readonly image: string;
  readonly command: string | null;
  readonly gpuType: string;
  readonly gpuCount: number;
  readonly instanceType: string;
  readonly durationHours: number;
  /** As it was asked for; the disk itself is `diskId`. */
  readonly diskName: string | null;
  readonly diskSizeGb: number | null;
  readonly diskId: string | null;
  readonly githubUser: string;
  /** Lines of authorized_keys. */
  readonly sshPublicKeys: readonly string[];
  readonly jupyterEnabled: boolean;
  /** Null when there are none. */
  readonly envVarsSealed: Sealed | null;
  /** @see Sealer.fingerprint */
  readonly wantedFingerprint: string;
  readonly podName: string;
  /** The pod stays after the command. Default false. */
  readonly keep?: boolean | undefined;
  /** For tunnels. Default none. */
  readonly ports?: readonly number[] | undefined;
  /** Goes on its queue with the row. Default none. */
  readonly order?: OrderOfJob | undefined;
  /**
   * For who has not asked in this transaction: nothing is written unless so many GPUs of this machine are
   * offered, and nobody has a quota. Default false.
   */
  readonly isOfferChecked?: boolean | undefined;
}

export interface OrderOfJob {
  readonly queue: string;
  readonly order: JobOrder;
  /** @see Transaction.traceparent */
  readonly traceparent?: string | undefined;
}

export interface InsertedJob {
  /** When it was accepted. */
  readonly createdAt: Date;
  /** The order's, a 64-bit number in decimal. */
  readonly messageId: string | undefined;
}

const JOB = `
WITH owner AS (
  -- who shuts them out, and ends what they have, waits until this is there
  SELECT FROM api_users WHERE user_id = $2::integer AND is_active FOR SHARE
), job AS (
  INSERT INTO reservations (
    reservation_id, user_id, status, name, image, command, gpu_type, gpu_count, instance_type,
    duration_hours, disk_name, disk_size_gb, disk_id, github_user, jupyter_enabled,
    env_vars_sealed, wanted_fingerprint, pod_name, ssh_public_keys, keep, ports, version, status_history
  ) SELECT
    $1, $2::integer, 'queued', $3, $4, $5, $6::text, $7::integer, $8::text,
    $9::double precision, $10, $11::integer, $12::uuid, $13, $14::boolean,
    $15::jsonb, $16, $17, $18::text[], $19::boolean, $20::integer[], 1,
    jsonb_build_array(jsonb_build_object('status', 'queued', 'at', to_char(
      now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))
  FROM owner WHERE NOT $21::boolean OR EXISTS (
    SELECT FROM gpu_types
    WHERE gpu_type = $6::text AND is_active AND max_gpus >= $7::integer
      AND ($8::text = instance_type OR $8::text = ANY (instance_types))
  ) AND NOT EXISTS (SELECT FROM quotas)
  RETURNING reservation_id, created_at
), told AS (
  INSERT INTO job_events (reservation_id, seq, kind, actor)
  SELECT reservation_id, 1, 'submitted', 'user' FROM job
)`;
const ALONE = prepared("insert_job", `${JOB} SELECT created_at FROM job`);

const submitting = (queue: string, traceparent?: string): string =>
  `${JOB}, sent AS (${sending({ queue, message: "$22", delaySeconds: "0", traceparent, from: "job" })})
SELECT created_at, message_id FROM job, sent`;
const textWith = (queue: string): string =>
  prepared(`submit_job_${queue.toLowerCase()}`, submitting(queue));
const tracedTextWith = (queue: string): string =>
  prepared(`submit_traced_${queue.toLowerCase()}`, submitting(queue, "$23"));

function textOf(order: OrderOfJob | undefined): string {
  if (order === undefined) return ALONE;
  return order.traceparent === undefined ? textWith(order.queue) : tracedTextWith(order.queue);
}

/**
 * With an order, whoever calls it has the bell rung.
 *
 * @returns undefined when its user is shut out by now.
 * @throws StoreError conflict: `reservations_pkey` when the id is taken, `reservations_pod_name` when
 * something of another job with this pod's name is left; of no constraint when an offer was to be checked and is
 * none, or its user is shut out.
 */
export async function insertJob(
  db: Queryable,
  args: InsertJobArgs,
): Promise<InsertedJob | undefined> {
  const { order } = args;
  const { rows } = await db.query<{ created_at: Date; message_id?: string }>(textOf(order), [
    args.reservationId,
    args.userId,
    args.name,
    args.image,
    args.command,
    args.gpuType,
    args.gpuCount,
    args.instanceType,
    args.durationHours,
    args.diskName,
    args.diskSizeGb,
    args.diskId,
    args.githubUser,
    args.jupyterEnabled,
    args.envVarsSealed && JSON.stringify(args.envVarsSealed),
    args.wantedFingerprint,
    args.podName,
    args.sshPublicKeys,
    args.keep ?? false,
    args.ports ?? [],
    args.isOfferChecked ?? false,
    ...(order ? [JSON.stringify(order.order)] : []),
    ...(order?.traceparent === undefined ? [] : [order.traceparent]),
  ]);
  const [row] = rows;
  if (row === undefined && args.isOfferChecked) {
    throw new StoreError("conflict", "what was offered has changed");
  }
  return row && { createdAt: row.created_at, messageId: row.message_id };
}
