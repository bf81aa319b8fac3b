/** A job for people and for programs. Neither is shown its secrets. */
import type { Job } from "@airlock/contract";
import { paintState } from "../output/colour.ts";
import type { Output } from "../output/output.ts";
import type { Column } from "../output/table.ts";
import { duration, hoursText, relative, timeAndDistance } from "../output/times.ts";
import { isLive, noteOf, reasonOf } from "./job-states.ts";

/** As it came, but for what opens Jupyter: `gpu-dev jupyter` does that. */
export const publicJob = ({ jupyter_token: _, jupyter_url, ...job }: Job) => ({
  ...job,
  jupyter_url: jupyter_url?.replace(/[?#].*$/s, ""),
});

export const SHORT_ID = 8;
export const shortId = ({ job_id }: Pick<Job, "job_id">): string =>
  /^[0-9a-f]{8}-/.test(job_id) ? job_id.slice(0, SHORT_ID) : job_id;

/** Of a change that nobody waits for any more. */
export const orderGoesOn = (job: Pick<Job, "job_id">): string =>
  `what was asked for goes on. gpu-dev show ${shortId(job)}`;

export const gpusText = ({ gpu_count, gpu_type }: Pick<Job, "gpu_count" | "gpu_type">): string =>
  gpu_count === 0 ? gpu_type : `${gpu_count} × ${gpu_type}`;

/** When it ends or what it asked for, as far as that is known. */
const endOf = (job: Job, now: number): string => {
  if (!isLive(job)) return "-";
  return job.launched_at ? relative(job.expires_at, now) : `after ${hoursText(job.duration_hours)}`;
};

/** Its place in line, and when half of such jobs have started. */
const startOf = ({ queue_position: place, estimated_wait_minutes: minutes }: Job): string => {
  const line = place === undefined ? "" : `#${place}`;
  const wait = minutes === undefined ? "" : `in ~${duration(minutes * 60_000)}`;
  return [line, wait].filter((word) => word !== "").join(", ");
};

export const jobColumns = (output: Output, now: () => number): readonly Column<Job>[] => [
  { title: "ID", text: shortId },
  { title: "NAME", text: ({ name }) => name ?? "", rank: 3 },
  {
    title: "STATE",
    text: ({ status }) => status,
    paint: (text) => paintState(output.paint, text),
  },
  { title: "GPUS", text: gpusText },
  { title: "MADE", text: ({ created_at }) => relative(created_at, now()), rank: 4 },
  { title: "STARTS", text: startOf, rank: 2 },
  { title: "ENDS", text: (job) => endOf(job, now()), rank: 1 },
  { title: "WHY", text: reasonOf, rank: 2 },
];

/** For `show`. */
export const jobFacts = (
  job: Job,
  output: Output,
  now: number,
): readonly (readonly [string, string | undefined])[] => [
  ["id", job.job_id],
  ["name", job.name ?? undefined],
  ["state", paintState(output.paint, job.status)],
  ["why", reasonOf(job)],
  ["starts", startOf(job)],
  ["note", noteOf(job)],
  ["gpus", gpusText(job)],
  ["machine", job.instance_type],
  ["image", job.image],
  ["made", timeAndDistance(job.created_at, now)],
  ["started", timeAndDistance(job.launched_at, now)],
  ["time", hoursText(job.duration_hours)],
  [isLive(job) ? "ends" : "end", job.launched_at && timeAndDistance(job.expires_at, now)],
  ["disk", job.disk_name],
  ["pod", job.pod_name],
  ["ssh", job.ssh_command === null ? undefined : `gpu-dev connect ${shortId(job)}`],
  ["jupyter", job.jupyter_enabled ? `gpu-dev jupyter ${shortId(job)}` : undefined],
  ["jupyter error", job.jupyter_error],
  ["extension error", job.extension_error],
  ["user error", job.add_user_error],
  ["github user", job.github_user],
  ["other users", job.secondary_users.join(", ")],
  ["out of memory", job.oom_count > 0 ? `${job.oom_count} times` : undefined],
];
