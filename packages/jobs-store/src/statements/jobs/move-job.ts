/**
 * The one way in which a job changes: what is written, under which guard, and the event that tells
 * of it, in one statement. Its event's number is the row's new version, which the row's lock orders.
 */
import type { Queryable } from "../../queryable.ts";
import type { Sealed } from "../../sealed.ts";
import { type FinalState, isFinal, type JobState } from "./job-states.ts";

export interface MoveJobArgs {
  readonly reservationId: string;
  /** It must be in one of these. */
  readonly from: readonly JobState[];
  /** Default: where it is. */
  readonly to?: JobState | undefined;
  /** It must be held with this token, by the database's clock; the move gives it back. */
  readonly lease?: string | undefined;
  readonly keepsLease?: boolean | undefined;
  /** Nothing was told of it since this event: who asked for something meanwhile is heard first. */
  readonly version?: number | undefined;
  readonly set?: JobChanges | undefined;
  /** When somebody should look at it next; null: never. Default: as it was. */
  readonly dueInSeconds?: number | null | undefined;
  /** Nothing of it is left in the cluster: its pod's name is free, and nobody looks at it again. */
  readonly isCleaned?: boolean | undefined;
  readonly event: JobEvent;
}

export interface JobEvent {
  /** Small letters and underscores. */
  readonly kind: string;
  readonly actor: "user" | "processor" | "operator";
  /** Holds no secret: it is kept in clear, and shown. */
  readonly data?: object | undefined;
}

export interface JobChanges {
  /** It is to end, with this word. */
  readonly endAs?: FinalState;
  readonly generation?: number;
  readonly failureReason?: string | null;
  /** Of a job that goes on: a final state has none. */
  readonly detailedStatus?: string;
  readonly exitCode?: number | null;
  readonly podLogs?: string | null;
  readonly nodeIp?: string | null;
  readonly nodePort?: number | null;
  readonly fqdn?: string | null;
  readonly sshCommand?: string | null;
  readonly warning?: string | null;
  readonly warningsSent?: object;
  /** More hours, counted from when it would have ended. */
  readonly extensionHours?: number;
  readonly extensionError?: string | null;
  readonly secondaryUsers?: readonly string[];
  readonly addUserError?: string | null;
  /** What the files of its box are made of is another than before. */
  readonly filesChanged?: boolean;
  readonly jupyterEnabled?: boolean;
  readonly jupyterUrl?: string | null;
  readonly jupyterPort?: number | null;
  readonly jupyterError?: string | null;
  readonly jupyterTokenSealed?: Sealed | null;
  readonly oomCount?: number;
  readonly oomContainer?: string | null;
}

/** What each change writes, `$` being its value. Only what is asked for is written: the API may not write all. */
const CHANGES: { readonly [K in keyof Required<JobChanges>]: string } = {
  endAs: "wanted = 'end', end_as = $::varchar",
  generation: "generation = $::integer",
  failureReason: "failure_reason = $::text",
  detailedStatus: "current_detailed_status = $::text",
  exitCode: "exit_code = $::integer",
  podLogs: "pod_logs = $::text",
  nodeIp: "node_ip = $::varchar",
  nodePort: "node_port = $::integer",
  fqdn: "fqdn = $::varchar",
  sshCommand: "ssh_command = $::text",
  warning: "warning = $::text",
  warningsSent: "warnings_sent = $::jsonb",
  extensionHours:
    "expires_at = expires_at + $::double precision * interval '1 hour', duration_hours = duration_hours + $::double precision",
  extensionError: "extension_error = $::text",
  secondaryUsers: "secondary_users = $::jsonb",
  addUserError: "add_user_error = $::text",
  filesChanged: "files_version = files_version + $::boolean::integer",
  jupyterEnabled: "jupyter_enabled = $::boolean",
  jupyterUrl: "jupyter_url = $::text",
  jupyterPort: "jupyter_port = $::integer",
  jupyterError: "jupyter_error = $::text",
  jupyterTokenSealed: "jupyter_token_sealed = $::jsonb",
  oomCount: "oom_count = $::integer, last_oom_at = now()",
  oomContainer: "oom_container = $::varchar",
};

export interface MovedJob {
  readonly status: JobState;
  /** The number of the event. */
  readonly version: number;
}

/**
 * @returns undefined when the guard let nothing through: the job is in another state or at another version, the
 * lease is somebody else's or over, or there is no such job.
 * @throws StoreError failed when the tables refuse it: out of a final state, active without an end.
 */
export async function moveJob(db: Queryable, args: MoveJobArgs): Promise<MovedJob | undefined> {
  const { event } = args;
  const values: unknown[] = [
    args.reservationId,
    args.from,
    event.kind,
    event.actor,
    JSON.stringify(event.data ?? {}),
  ];
  const sets = setsOf(args, (value) => `$${values.push(value)}`);
  const isHeld =
    args.lease === undefined
      ? ""
      : ` AND lease_token = $${values.push(args.lease)}::uuid AND lease_until > now()`;
  const isSame = args.version === undefined ? "" : ` AND version = $${values.push(args.version)}`;
  const text = `
WITH moved AS (
  UPDATE reservations SET ${sets.join(", ")}
  WHERE reservation_id = $1 AND status = ANY ($2::text[])${isHeld}${isSame}
  RETURNING reservation_id, version, status
), told AS (
  INSERT INTO job_events (reservation_id, seq, kind, actor, data)
  SELECT reservation_id, version, $3, $4, $5::jsonb FROM moved
)
SELECT status, version FROM moved`;
  return (await db.query<MovedJob>(text, values)).rows[0];
}

type Bind = (value: unknown) => string;

function setsOf(args: MoveJobArgs, bind: Bind): string[] {
  const { to, set = {}, lease, keepsLease = false, dueInSeconds, isCleaned = false } = args;
  const sets = ["version = version + 1"];
  if (to !== undefined) sets.push(...statusSets(to, bind));
  for (const [key, value] of Object.entries(set)) {
    if (value === undefined) continue;
    const isDocument = typeof value === "object" && value !== null;
    const place = bind(isDocument ? JSON.stringify(value) : value);
    sets.push(CHANGES[key as keyof JobChanges].replaceAll("$", () => place));
  }
  // whoever holds it without having been asked finds its next move refused
  if (!keepsLease) sets.push("lease_token = NULL, lease_until = NULL");
  // work that came to an end is no fault
  if (lease !== undefined) sets.push("faults = 0, last_fault = NULL");
  if (isCleaned) sets.push("cleaned_at = now(), due_at = NULL");
  else if (dueInSeconds !== undefined) {
    const due = dueSql(bind(dueInSeconds));
    // whoever called for a look meanwhile saw something that its holder may not have seen
    sets.push(`due_at = ${lease === undefined ? due : keepingCalls(due)}`);
  }
  return sets;
}

/** @param place of a number of seconds, or null for never. */
export const dueSql = (place: string): string =>
  `now() + make_interval(secs => ${place}::double precision)`;

/** A claim lets a row be due at the end of its lease; anything before that is somebody's call. */
export const keepingCalls = (due: string): string =>
  `CASE WHEN due_at < lease_until THEN due_at ELSE ${due} END`;

/** What goes with a state, by the database's clock. */
function statusSets(to: JobState, bind: Bind): string[] {
  const place = `${bind(to)}::varchar`;
  return [
    `status = ${place}, status_since = now()`,
    `status_history = status_history || jsonb_build_object('status', ${place}, 'at', to_char(
      now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))`,
    ...(to === "active"
      ? ["launched_at = now(), expires_at = now() + duration_hours * interval '1 hour'"]
      : []),
    // why it waited or what it did is over with it
    ...(isFinal(to) ? ["reservation_ended = now(), current_detailed_status = NULL"] : []),
    ...(to === "failed" ? ["failed_at = now()"] : []),
    ...(to === "cancelled" ? ["cancelled_at = now()"] : []),
  ];
}
