/** When the jobs of a view will start, by how it has lately gone. */
import type { RecentJobRow } from "../statements/cluster/list-recent-jobs.ts";
import { type Arrival, forecast, type RunningJob, type Start } from "./forecast.ts";
import type { OrderRules } from "./order.ts";
import { amountOfRow } from "./question.ts";
import { runLengthsOf } from "./run-lengths.ts";
import type { TypeView } from "./view.ts";

/** What jobs of the last while did. */
export interface History {
  readonly windowMs: number;
  readonly jobs: readonly RecentJobRow[];
}

/** @returns by job; nothing for those that stand in no line. */
export function startsOf(
  { row, question, outlooks }: TypeView,
  { windowMs, jobs }: History,
  rules: OrderRules,
): Promise<ReadonlyMap<string, Start>> {
  const nowMs = row.now_ms;
  const lined = [...outlooks.values()].filter(({ position }) => position !== null);
  const ratios = Map.groupBy(
    jobs.filter(({ ran_part }) => ran_part !== null),
    ({ gpu_type }) => gpu_type,
  );
  const byType = new Map(
    [...ratios].map(([type, rows]) => [type, rows.map(({ ran_part }) => ran_part ?? 1)]),
  );
  return forecast({
    nowMs,
    nodes: question.nodes,
    running: row.bookings.map(
      (booking): RunningJob => ({
        jobId: booking.reservation_id,
        userId: booking.user_id,
        nodeName: booking.node_name,
        amount: amountOfRow(booking),
        endsAtMs: booking.ends_at_ms,
        launchedAtMs: booking.launched_at_ms ?? undefined,
        hours: booking.duration_hours,
        isEnding: booking.is_ending,
      }),
    ),
    strangers: question.booked.filter(({ holder }) => holder === undefined),
    waiting: lined.map(({ job }) => ({
      jobId: job.reservation_id,
      userId: job.user_id,
      gpus: job.gpu_count,
      hours: job.duration_hours,
      createdAtMs: job.created_at_ms,
    })),
    rules,
    lengths: runLengthsOf(byType, row.gpu_type),
    arrivals: {
      windowMs,
      jobs: jobs
        .filter(({ gpu_type }) => gpu_type === row.gpu_type)
        .flatMap((job): Arrival[] =>
          job.created_at_ms > nowMs - windowMs && job.created_at_ms <= nowMs
            ? [
                {
                  jobId: job.reservation_id,
                  userId: job.user_id,
                  gpus: job.gpu_count,
                  hours: job.duration_hours,
                  createdAtMs: job.created_at_ms,
                },
              ]
            : [],
        ),
    },
  });
}
