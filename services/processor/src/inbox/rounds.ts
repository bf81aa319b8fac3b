/** Orders in groups that one statement can carry out, each job's in their order. */
import type { HeldOrder, JobOrder } from "@airlock/jobs-store";

type Round = ReadonlyMap<JobOrder["action"], readonly HeldOrder[]>;

/** @param orders the oldest first. No round has two of one job. */
export function inRounds(orders: readonly HeldOrder[]): Round[] {
  const rounds: Map<JobOrder["action"], HeldOrder[]>[] = [];
  const had = new Map<string, number>();
  for (const held of orders) {
    const { job_id, action } = held.order;
    const number = had.get(job_id) ?? 0;
    had.set(job_id, number + 1);
    const round = rounds[number] ?? new Map<JobOrder["action"], HeldOrder[]>();
    rounds[number] = round;
    const group = round.get(action) ?? [];
    round.set(action, [...group, held]);
  }
  return rounds;
}
