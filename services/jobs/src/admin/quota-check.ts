/** Whom a quota would be too small for, were what they have now asked for again. Pure. */
import type { QuotaCheck } from "@airlock/contract";
import type { QuotaLimits, QuotaRow, UserHoldings } from "@airlock/jobs-store";

type Over = QuotaCheck["over"][number];

/** @param others all quotas but the one that is asked about. */
export const whoIsOver = (
  quota: QuotaRow,
  others: readonly QuotaRow[],
  holdings: readonly UserHoldings[],
): Over[] =>
  holdings
    .filter((held) => isFor(quota, held))
    .flatMap((held) => {
      const closer = others.filter((row) => isFor(row, held) && decidesBefore(row, quota));
      return breachesOf(quota, closer, held);
    });

const isFor = (row: QuotaRow, { user_id, aws_role }: UserHoldings): boolean =>
  (row.user_id === null || row.user_id === user_id) &&
  (row.aws_role === null || row.aws_role === aws_role);

/** The user's own row comes before the role's, and that before everybody's. */
const decidesBefore = (row: QuotaRow, quota: QuotaRow): boolean =>
  row.gpu_type === quota.gpu_type &&
  quota.user_id === null &&
  (row.user_id !== null || (row.aws_role !== null && quota.aws_role === null));

function breachesOf(
  quota: QuotaRow,
  closer: readonly QuotaRow[],
  { user_id, username, by_type, disks }: UserHoldings,
): Over[] {
  const { gpu_type } = quota;
  const held = Object.entries(by_type)
    .filter(([type]) => gpu_type === null || type === gpu_type)
    .map(([, one]) => one);
  const sum = (what: "gpus" | "jobs") => held.reduce((total, one) => total + one[what], 0);
  const longest = held.reduce((most, { hours }) => Math.max(most, hours), 0);
  const over = (what: Over["what"], name: keyof QuotaLimits, has: number): Over[] => {
    const limit = quota[name];
    const isDecided = closer.some((row) => row[name] !== null);
    if (limit === null || isDecided || has <= limit) return [];
    return [{ user_id, username, what, limit, held: has, gpu_type }];
  };
  return [
    ...over("gpus", "max_gpus", sum("gpus")),
    ...over("jobs", "max_jobs", sum("jobs")),
    ...over("hours", "max_hours", longest),
    ...over("disks", "max_disks", disks),
  ];
}
