/** Which of the jobs that wait can have their disks, and why the others cannot. */
import type { WaitingJobRow } from "../statements/jobs/list-waiting-jobs.ts";

/** A job, as far as its disk decides. */
export type DiskWish = Pick<
  WaitingJobRow,
  "reservation_id" | "disk_id" | "disk_name" | "disk_state" | "disk_fault" | "disk_holder"
>;

export interface ByDisks<Job extends DiskWish> {
  readonly able: readonly Job[];
  readonly waits: readonly (readonly [jobId: string, words: string])[];
}

/** @param waiting in their order, in which they get a disk that several want. */
export function byDisks<Job extends DiskWish>(waiting: readonly Job[]): ByDisks<Job> {
  const able: Job[] = [];
  const waits: [string, string][] = [];
  const first = new Map<string, string>();
  for (const job of waiting) {
    const words = whyNot(job, first);
    if (words === undefined) able.push(job);
    else waits.push([job.reservation_id, words]);
    const { disk_id, reservation_id } = job;
    if (disk_id !== null && !first.has(disk_id)) first.set(disk_id, reservation_id);
  }
  return { able, waits };
}

function whyNot(job: DiskWish, first: ReadonlyMap<string, string>): string | undefined {
  const { disk_id, disk_name, disk_state, disk_fault, disk_holder } = job;
  if (disk_id === null) return undefined;
  if (disk_state !== "ready") {
    const why = disk_fault === null ? "" : ` It could not be made yet: ${disk_fault}`;
    return `Waits for its disk ${disk_name}: its volume is being made.${why}`;
  }
  if (disk_holder !== null) {
    return `Waits for its disk ${disk_name}: job ${short(disk_holder)} has it.`;
  }
  const before = first.get(disk_id);
  return before && `Waits for its disk ${disk_name}: job ${short(before)} was there before it.`;
}

export const diskIsTaken = ({ disk_name }: DiskWish): string =>
  `Waits for its disk ${disk_name}: another job has it.`;

/** As people name jobs. */
const short = (jobId: string): string => jobId.slice(0, 8);
