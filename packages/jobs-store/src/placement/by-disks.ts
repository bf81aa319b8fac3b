/** Which of the jobs that wait can have their disks, and why the others cannot. */
import type { WaitingJobRow } from "../statements/jobs/list-waiting-jobs.ts";
import type { Reason } from "./reason-codes.ts";

/** A job, as far as its disk decides. */
export type DiskWish = Pick<
  WaitingJobRow,
  | "reservation_id"
  | "disk_id"
  | "disk_name"
  | "disk_state"
  | "disk_fault"
  | "disk_is_held"
  | "disk_holder"
>;

export interface ByDisks<Job extends DiskWish> {
  readonly able: readonly Job[];
  readonly waits: readonly (readonly [jobId: string, reason: Reason])[];
}

/** @param waiting in their order, in which they get a disk that several want. */
export function byDisks<Job extends DiskWish>(waiting: readonly Job[]): ByDisks<Job> {
  const able: Job[] = [];
  const waits: [string, Reason][] = [];
  const first = new Map<string, string>();
  for (const job of waiting) {
    const reason = whyNot(job, first);
    if (reason === undefined) able.push(job);
    else waits.push([job.reservation_id, reason]);
    const { disk_id, reservation_id } = job;
    if (disk_id !== null && !first.has(disk_id)) first.set(disk_id, reservation_id);
  }
  return { able, waits };
}

function whyNot(job: DiskWish, first: ReadonlyMap<string, string>): Reason | undefined {
  const { disk_id, disk_name, disk_state, disk_fault, disk_is_held, disk_holder } = job;
  if (disk_id === null) return undefined;
  // nobody tries it again
  if (disk_state === "failed") {
    return {
      code: "disk_not_ready",
      sentence: `Waits for its disk ${disk_name}, which could not be made: ${disk_fault}`,
      remedies: [`End this job, then delete the disk ${disk_name}.`],
    };
  }
  if (disk_state !== "ready") {
    const why = disk_fault === null ? "" : ` It could not be made yet: ${disk_fault}`;
    return {
      code: "disk_not_ready",
      sentence: `Waits for its disk ${disk_name}: its volume is being made.${why}`,
      remedies: [],
    };
  }
  if (disk_is_held && disk_holder === null) {
    return {
      code: "disk_not_ready",
      sentence: `Waits for its disk ${disk_name}: it is being backed up.`,
      remedies: [],
    };
  }
  const holder = disk_holder ?? first.get(disk_id);
  if (holder === undefined) return undefined;
  const has = disk_holder === null ? "was there before it" : "has it";
  return {
    code: "disk_in_use",
    sentence: `Waits for its disk ${disk_name}: job ${shortId(holder)} ${has}.`,
    remedies: [
      `End job ${shortId(holder)}, or ask for this one without a disk or with another one.`,
    ],
  };
}

export const diskIsTaken = ({ disk_name }: DiskWish): string =>
  `Waits for its disk ${disk_name}: another job has it.`;

/** As people name jobs. */
export const shortId = (jobId: string): string => jobId.slice(0, 8);
