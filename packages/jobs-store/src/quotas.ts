/**
 * Whether a user may have more: by the limits of the user, of the role that they log in with, and of
 * everybody. Of each limit the closest row that sets it decides; no row, no limit.
 */
import type { QuotaLimits, QuotaRow } from "./statements/quotas/quota-row.ts";
import type { Holdings } from "./statements/quotas/read-holdings.ts";

/** What a submission adds. */
export interface Wish {
  readonly gpuType: string;
  readonly gpus: number;
  readonly hours: number;
}

export interface Breach {
  readonly what: "gpus" | "jobs" | "hours" | "disks";
  readonly limit: number;
  readonly held: number;
  readonly wanted: number;
  /** Null: of all types together. */
  readonly gpuType: string | null;
}

type Quotas = readonly QuotaRow[];

/** @param gpuType null: of all types together. */
export function quotaLimitsOf(quotas: Quotas, gpuType: string | null): QuotaLimits {
  const rows = quotas
    .filter((row) => row.gpu_type === gpuType)
    .toSorted((a, b) => closeness(a) - closeness(b));
  const first = (name: keyof QuotaLimits) => rows.find((row) => row[name] !== null)?.[name] ?? null;
  return {
    max_gpus: first("max_gpus"),
    max_jobs: first("max_jobs"),
    max_hours: first("max_hours"),
    max_disks: first("max_disks"),
  };
}

const closeness = ({ user_id, aws_role }: QuotaRow): number =>
  user_id !== null ? 0 : aws_role !== null ? 1 : 2;

/** @returns the first limit that one more job would break. */
export function breachOf({ quotas, by_type }: Holdings, wish: Wish): Breach | undefined {
  const { gpuType, gpus, hours } = wish;
  for (const type of [gpuType, null]) {
    const { max_gpus, max_jobs, max_hours } = quotaLimitsOf(quotas, type);
    const held = type === null ? Object.values(by_type) : [by_type[type] ?? NOTHING];
    const breaches = [
      breach({ what: "jobs", limit: max_jobs, held: sum(held, "jobs"), wanted: 1, gpuType: type }),
      breach({
        what: "gpus",
        limit: max_gpus,
        held: sum(held, "gpus"),
        wanted: gpus,
        gpuType: type,
      }),
      breach({ what: "hours", limit: max_hours, held: 0, wanted: hours, gpuType: type }),
    ];
    const first = breaches.find((one) => one !== undefined);
    if (first) return first;
  }
  return undefined;
}

/** The same of one more disk. */
export function diskBreachOf({ quotas, disks }: Holdings): Breach | undefined {
  const limit = quotaLimitsOf(quotas, null).max_disks;
  return breach({ what: "disks", limit, held: disks, wanted: 1, gpuType: null });
}

/** Hours that one job may have; undefined: no limit. */
export function hoursLimitOf(quotas: Quotas, gpuType: string): number | undefined {
  const limits = [gpuType, null].map((type) => quotaLimitsOf(quotas, type).max_hours);
  const set = limits.filter((limit) => limit !== null);
  return set.length > 0 ? Math.min(...set) : undefined;
}

const NOTHING = { gpus: 0, jobs: 0 };
const sum = (held: readonly (typeof NOTHING)[], what: keyof typeof NOTHING): number =>
  held.reduce((total, one) => total + one[what], 0);

function breach(one: Omit<Breach, "limit"> & { readonly limit: number | null }) {
  const { limit, held, wanted } = one;
  // a job without GPUs adds none to those that are too many
  return limit === null || wanted === 0 || held + wanted <= limit ? undefined : { ...one, limit };
}

export function breachSentence({ what, limit, held, wanted, gpuType }: Breach): string {
  const ofType = gpuType === null ? "" : ` of type ${gpuType}`;
  if (what === "hours") {
    return `Your quota is ${counted(limit, "hour")} a job${ofType}; this one would have ${wanted}.`;
  }
  const noun = what === "gpus" ? "GPU" : what === "jobs" ? "job" : "disk";
  const more = what === "gpus" ? `; this job wants ${wanted} more` : "";
  return `Your quota is ${counted(limit, noun)}${ofType} at once, and you have ${held}${more}.`;
}

const counted = (number: number, noun: string): string =>
  `${number} ${noun}${number === 1 ? "" : "s"}`;
