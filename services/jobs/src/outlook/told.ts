/** What a user is told of a job: why it is where it is, and when it starts. */
import type { Job, JobExplanation } from "@airlock/contract";
import {
  isFinal,
  type JobRow,
  type Start,
  type TypeView,
  timeOf,
  toldOf,
} from "@airlock/jobs-store";
import { isoTime } from "../times.ts";
import type { KnownOutlook } from "./outlooks.ts";

export const startBody = (start: Start | null) =>
  start && { p50: isoTime(new Date(start.p50Ms)), p90: isoTime(new Date(start.p90Ms)) };

/** @param outlook undefined: it is in no line. */
export function explanationOf(row: JobRow, outlook: KnownOutlook | undefined): JobExplanation {
  const head = { job_id: row.reservation_id, status: row.status };
  if (outlook !== undefined) return { ...head, ...outlookBody(outlook) };
  const nowhere = { position: null, start: null };
  if (isFinal(row.status)) {
    const reason = { code: "ended" as const, sentence: row.failure_reason ?? ENDED[row.status] };
    return { ...head, reason, remedies: [], ...nowhere };
  }
  const { code, remedies } = toldOf(row.status, row.current_detailed_status);
  const sentence = row.current_detailed_status ?? UNTOLD;
  return { ...head, reason: { code, sentence }, remedies: [...remedies], ...nowhere };
}

const ENDED = {
  completed: "Its command ended with exit code 0.",
  expired: "Its time was over.",
  cancelled: "It was cancelled.",
  failed: "It failed, and no reason was written down.",
};
const UNTOLD = "Nothing is known of it yet: a processor looks at it within a minute.";

export const outlookBody = ({ reason, position, start, view, views }: KnownOutlook) => ({
  reason: { code: reason.code, sentence: reason.sentence },
  remedies: [...reason.remedies, ...otherTypes(view, views, reason.code)],
  position,
  start: startBody(start),
});

/** What there is beside it, of other types. */
function otherTypes(view: TypeView, views: readonly TypeView[], code: string): string[] {
  if (!MORE_OF_ANOTHER.has(code)) return [];
  return views
    .filter(({ gpuType, row }) => gpuType !== view.gpuType && row.is_active && row.max_gpus > 0)
    .map(({ gpuType, placement }) => ({ gpuType, most: Math.max(0, ...placement.left.values()) }))
    .filter(({ most }) => most > 0)
    .map(({ gpuType, most }) => `Up to ${most} ${gpuType} on one node would start now.`);
}

const MORE_OF_ANOTHER: ReadonlySet<string> = new Set([
  "others_first",
  "no_free_node",
  "drained",
  "too_big",
  "no_nodes",
  "nodes_closed",
]);

/** What a list has of it; whatever is not known is left out. */
export function waitingMembers(
  outlook: KnownOutlook | undefined,
): Pick<Job, "current_detailed_status" | "queue_position" | "estimated_wait_minutes"> {
  if (outlook === undefined) return {};
  const { reason, position, start, view } = outlook;
  const waitMs = start && Math.max(0, start.p50Ms - view.row.now_ms);
  return {
    current_detailed_status: `${reason.sentence}${start && !outlook.startsNow ? startWords(start, reason.startsByMs) : ""}`,
    ...(position !== null && { queue_position: position }),
    ...(waitMs !== null && { estimated_wait_minutes: Math.ceil(waitMs / 60_000) }),
  };
}

/** Estimates are no better: what changes by less is told as it was. */
const STEP_MS = 5 * 60_000;

/** Rounded up, but not beyond what the sentence before it says of the latest. */
function startWords({ p50Ms, p90Ms }: Start, latestMs = Number.POSITIVE_INFINITY): string {
  const told = (ms: number) => timeOf(Math.min(Math.ceil(ms / STEP_MS) * STEP_MS, latestMs));
  const [likely, late] = [told(p50Ms), told(p90Ms)];
  const most = late === likely ? "" : `, and nine of ten such jobs by ${late}`;
  return ` Likely to start by ${likely}${most}.`;
}
