/** The jobs of a week: who asks for what, and when. */
import type { Start } from "@airlock/jobs-store";
import type { Random } from "./random.ts";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export interface WeekSize {
  readonly days: number;
  readonly jobs: number;
  readonly users: number;
  /** One in so many jobs that wait is told a start. */
  readonly toldOneIn: number;
}

export interface MachineType {
  readonly name: string;
  readonly nodes: number;
  readonly gpus: number;
  readonly slots: number;
  /** Of all jobs. */
  readonly share: number;
  /** Of what its nodes could run: jobs are as long as that takes. */
  readonly load: number;
}

export const TYPES: readonly MachineType[] = [
  { name: "h100", nodes: 6, gpus: 8, slots: 0, share: 0.4, load: 0.92 },
  { name: "a100", nodes: 4, gpus: 8, slots: 0, share: 0.3, load: 0.85 },
  { name: "l4", nodes: 4, gpus: 4, slots: 0, share: 0.2, load: 0.8 },
  { name: "cpu", nodes: 2, gpus: 0, slots: 3, share: 0.1, load: 0.7 },
];

export interface WeekJob {
  readonly id: string;
  readonly userId: number;
  readonly type: string;
  readonly gpus: number;
  /** Asked for. */
  readonly hours: number;
  /** Of them, what it would run by itself. */
  readonly part: number;
  readonly cameAtMs: number;
  startedAtMs?: number;
  endedAtMs?: number;
  node?: string;
  told?: Start;
  /** What a queue's length times a quarter of an hour would have said. */
  naiveAtMs?: number;
}

/** Jobs as people ask for them: by day, mostly small, and most of them over before their time. */
export function jobsOf(size: WeekSize, random: Random): WeekJob[] {
  const fraction = () => random.below(1e6) / 1e6;
  const spanMs = size.days * DAY_MS;
  const drafts = Array.from({ length: size.jobs }, (_, n) => {
    const type = byShare(fraction());
    const sizes = type.gpus === 8 ? [1, 1, 1, 2, 2, 4, 8] : type.gpus === 4 ? [1, 1, 2, 4] : [0];
    // few users ask for most
    const userId = 1 + Math.floor(size.users * fraction() ** 2);
    return {
      id: `job-${String(n).padStart(5, "0")}`,
      userId,
      type: type.name,
      gpus: random.pick(sizes),
      hours: [0.5, 1, 1, 2, 2, 4, 8][random.below(7)] ?? 1,
      part: partOf(fraction(), fraction()),
      cameAtMs: workingHour(fraction(), fraction(), spanMs),
    };
  });
  // as long as their types can bear
  const scale = new Map(
    TYPES.map(({ name, nodes, gpus, slots, load }) => {
      const own = drafts.filter(({ type }) => type === name);
      const asked = own.reduce((sum, job) => sum + Math.max(1, job.gpus) * job.hours * job.part, 0);
      return [name, (nodes * (gpus + slots) * size.days * 24 * load) / asked];
    }),
  );
  return drafts
    .map((job) => ({ ...job, hours: job.hours * (scale.get(job.type) ?? 1) }))
    .sort((a, b) => a.cameAtMs - b.cameAtMs);
}

function byShare(fraction: number): MachineType {
  let left = fraction;
  const found = TYPES.find(({ share }) => {
    left -= share;
    return left < 0;
  });
  return found ?? (TYPES[0] as MachineType);
}

/** One in three runs until its time is over, one in twenty fails at once. */
const partOf = (kind: number, fraction: number): number =>
  kind < 0.05 ? 0.01 : kind < 0.38 ? 1 : 0.05 + 0.9 * fraction;

/** Twice as many by day as by night. */
function workingHour(fraction: number, other: number, spanMs: number): number {
  const atMs = Math.floor(fraction * spanMs);
  const hour = (atMs / HOUR_MS) % 24;
  const isNight = hour < 8;
  return isNight && other < 0.5 ? Math.min(spanMs - 1, atMs + 8 * HOUR_MS) : atMs;
}

export const typeOf = ({ type }: Pick<WeekJob, "type">): MachineType => {
  const found = TYPES.find(({ name }) => name === type);
  if (found === undefined) throw new Error(`no type ${type}`);
  return found;
};
