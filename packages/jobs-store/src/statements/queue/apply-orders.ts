/**
 * Carries out orders about jobs, of one action: each row, its event and the order's way into the
 * archive, in one statement for all of them.
 */
import type { JobOrder } from "../../orders.ts";
import type { Queryable } from "../../queryable.ts";
import { LIVE } from "../jobs/job-states.ts";
import { QUOTA_HOURS } from "../quotas/quota-hours.ts";
import type { TaskKind } from "../tasks/task-row.ts";
import { archiving, type HeldOrder, heldValues } from "./archive-orders.ts";

export interface ApplyOrdersArgs {
  readonly queue: string;
  /** All of this action, none about the same job as another. */
  readonly action: JobOrder["action"];
  readonly orders: readonly HeldOrder<JobOrder>[];
  /** The longest that a job may run from its launch. */
  readonly maxHours: number;
}

/** @returns how many were held still, and are in the archive now. */
export async function applyOrders(db: Queryable, args: ApplyOrdersArgs): Promise<number> {
  const { queue, action, orders, maxHours } = args;
  const change = CHANGES[action];
  const usesHours = change?.usesHours === true;
  const text = archiving(queue, change && changing(change));
  const { rows } = await db.query<{ archived: number }>(text, [
    ...heldValues(queue, orders, ({ job_id }) => job_id),
    ...(usesHours ? [maxHours] : []),
  ]);
  return rows[0]?.archived ?? 0;
}

interface Change {
  /** Of `reservations` as `r`; `asked` is the order. */
  readonly sets: string;
  readonly where: string;
  /** The event's: an expression, of the changed row. */
  readonly kind: string;
  readonly usesHours?: boolean;
  /** What is noted as to be done; its id is the order's, so that it is noted once. */
  readonly task?: TaskKind;
}

const IS_LIVE = `status IN (${LIVE})`;
const HOURS = "(asked.arguments ->> 'extension_hours')::double precision";
/** From its launch to its end, as it stands. */
const HAS_HOURS = `CASE WHEN expires_at IS NOT NULL AND launched_at IS NOT NULL
    THEN extract(epoch FROM expires_at - launched_at) / 3600 ELSE duration_hours END`;
const MOST_HOURS = `least($7::double precision, ${QUOTA_HOURS})`;
/** Fractions of an hour do not add up to the last bit. */
const FITS = `(${HAS_HOURS}) + ${HOURS} <= ${MOST_HOURS} + 1e-6`;
const STARTED = "status IN ('preparing', 'creating_server', 'active')";
const MAY = `(wanted = 'run' AND ${STARTED} AND ${FITS})`;

/** What is asked of a job that runs; one that does not run yet does it then. */
const task = (kind: TaskKind, error: string): Change => ({
  sets: `${error} = NULL, due_at = now()`,
  where: `${IS_LIVE} AND wanted = 'run'`,
  kind: `'${kind}_requested'`,
  task: kind,
});

const CHANGES: { readonly [A in JobOrder["action"]]: Change | undefined } = {
  // its row is there already, and whoever gives nodes looks at rows
  create: undefined,
  cancel: {
    sets: "wanted = 'end', end_as = 'cancelled', due_at = now()",
    where: `${IS_LIVE} AND wanted = 'run'`,
    kind: "'cancel_requested'",
  },
  extend: {
    sets: `duration_hours = CASE WHEN ${MAY} THEN duration_hours + ${HOURS} ELSE duration_hours END,
      expires_at = CASE WHEN ${MAY} THEN expires_at + ${HOURS} * interval '1 hour' ELSE expires_at END,
      files_version = CASE WHEN ${MAY} AND warning IS NOT NULL THEN files_version + 1
        ELSE files_version END,
      warning = CASE WHEN ${MAY} THEN NULL ELSE warning END,
      warnings_sent = CASE WHEN ${MAY} THEN '{}' ELSE warnings_sent END,
      extension_error = CASE WHEN ${MAY} THEN NULL
        WHEN wanted = 'end' THEN 'The job is ending already.'
        WHEN NOT ${STARTED} THEN 'The job has not started: its hours begin when it does.'
        ELSE format('A job may run %s hours from its launch here; %s are left for this one.',
          ${MOST_HOURS}, greatest(0, trunc((${MOST_HOURS} - (${HAS_HOURS}))::numeric, 2))) END,
      due_at = now()`,
    where: IS_LIVE,
    kind: "(CASE WHEN r.extension_error IS NULL THEN 'extended' ELSE 'extension_refused' END)",
    usesHours: true,
  },
  enable_jupyter: task("jupyter_on", "jupyter_error"),
  disable_jupyter: task("jupyter_off", "jupyter_error"),
  add_user: task("add_user", "add_user_error"),
};

const changing = ({ sets, where, kind, task }: Change): string => `ready AS (
  -- in the order of ids, so that two readers never wait for each other
  SELECT reservation_id AS id, order_id, held.arguments FROM reservations
  JOIN held ON about = reservation_id
  ORDER BY reservation_id FOR UPDATE OF reservations
), changed AS (
  UPDATE reservations r SET version = version + 1, ${sets}
  FROM ready asked WHERE r.reservation_id = asked.id AND ${where}
  RETURNING r.reservation_id, r.version, asked.order_id, asked.arguments, ${kind}::text AS kind
), told AS (
  INSERT INTO job_events (reservation_id, seq, kind, actor, data)
  SELECT reservation_id, version, kind, coalesce(arguments ->> 'by', 'user'),
    (arguments - 'by') || jsonb_build_object('order_id', order_id) FROM changed
)${task === undefined ? "" : noting(task)}`;

const noting = (kind: TaskKind): string => `, noted AS (
  INSERT INTO job_tasks (task_id, reservation_id, kind, arguments)
  SELECT order_id::uuid, reservation_id, '${kind}', arguments FROM changed
  ON CONFLICT (task_id) DO NOTHING
)`;
