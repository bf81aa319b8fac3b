/** `gpu-dev reserve` and `gpu-dev submit`: a job is asked for. */
import { randomUUID } from "node:crypto";
import type { Job, JobSubmitted } from "@airlock/contract";
import { CliError, EXIT, type ExitCode, usageError } from "../cli-error.ts";
import { command, type Given, JSON_FLAG } from "../command.ts";
import type { Context } from "../context.ts";
import { hasFailed, isOver, noteOf, reasonOf } from "../jobs/job-states.ts";
import { gpusText, shortId } from "../jobs/job-view.ts";
import { SUBMIT_FLAGS, type Submission, submissionOf } from "../jobs/submission.ts";
import { tellPlan } from "../jobs/tell-plan.ts";
import { waitForJob } from "../jobs/wait-for-job.ts";
import { oneLine } from "../output/text-width.ts";
import { hoursText, timeAndDistance } from "../output/times.ts";

const FLAGS = {
  ...SUBMIT_FLAGS,
  wait: { about: "wait: for a command to its end, for a box until it is active" },
  "no-wait": { about: "do not wait" },
  ...JSON_FLAG,
} as const;

const MORE = `The job's id is printed once the service has accepted it; Ctrl-C ends the waiting, not the job.
With --json, waiting prints a line of JSON for each change, the last one with "final": true.
Secrets: --env NAME takes the value from this shell, so that it is on no command line.`;

export const reserve = command({
  name: "reserve",
  about: "ask for GPUs, and wait until they are yours",
  rest: "COMMAND",
  flags: FLAGS,
  more: MORE,
  examples: [
    "gpu-dev reserve --gpus 2 --hours 4",
    "gpu-dev reserve --type h100 --disk training --jupyter --name experiment",
  ],
  run: (given, context) => ask(given, context, "active"),
});

export const submit = command({
  name: "submit",
  about: "submit a job, and do not wait for it",
  rest: "COMMAND",
  flags: FLAGS,
  more: MORE,
  examples: [
    "gpu-dev submit --image pytorch:latest --instance p5.48xlarge",
    "gpu-dev submit --gpus 8 --env WANDB_API_KEY --wait -- python train.py --epochs 100",
  ],
  run: (given, context) => ask(given, context, "nothing"),
});

/** What is waited for without being asked to. */
type Usual = "active" | "nothing";

async function ask(
  { flags, rest }: Given<typeof FLAGS>,
  context: Context,
  usual: Usual,
): Promise<ExitCode | undefined> {
  const { output } = context;
  if (flags.wait && flags["no-wait"]) throw usageError("--wait and --no-wait contradict.");
  const submission = await submissionOf(flags, rest, context);
  const api = await context.api();
  if (flags["dry-run"]) return await tellPlan(api, submission, flags.json, context);
  // one name for one job, however often it has to be asked for
  const accepted = await api.post<JobSubmitted>("/v1/jobs/submit", submission, randomUUID());
  const waits = flags.wait || (usual === "active" && !flags["no-wait"]);
  if (!waits) {
    if (flags.json) output.json(accepted);
    else tellAccepted(accepted, submission, context);
    return undefined;
  }
  if (!flags.json) tellAccepted(accepted, submission, context);
  const toItsEnd = flags.wait && submission.command !== undefined && !submission.keep;
  const { job_id: id } = accepted;
  const short = shortId(accepted);
  const goesOn = `the job goes on. gpu-dev show ${short}, gpu-dev cancel ${short}`;
  const isThere = (job: Job) => !toItsEnd && job.status === "active";
  const job = await waitForJob({ api, id, isThere, isJson: flags.json, goesOn }, context);
  return outcome(job, flags.json, context);
}

/** The id is data, and the first thing that is told: whatever happens now, it is known. */
function tellAccepted(
  { job_id, message }: JobSubmitted,
  { command: text, duration_hours }: Submission,
  { output }: Context,
): void {
  // what of the server's words is not for its queue
  const more = /\. (Nobody .*)$/.exec(message)?.[1];
  output.note(
    `Submitted: ${text === undefined ? "a box" : "a job"} for ${hoursText(duration_hours)}.`,
  );
  if (more) output.note(oneLine(more));
  output.print(job_id);
}

function outcome(job: Job, isJson: boolean, { output, clock }: Context): ExitCode | undefined {
  const id = shortId(job);
  if (hasFailed(job)) {
    const why = oneLine(reasonOf(job));
    throw new CliError(EXIT.jobEnded, `Job ${id} is ${job.status}${why ? `: ${why}` : "."}`, {
      next: `gpu-dev logs ${id}`,
    });
  }
  if (isJson) return undefined;
  if (isOver(job)) {
    output.note(`Job ${id} is completed. gpu-dev logs ${id}`);
    return undefined;
  }
  output.note(`${gpusText(job)} are yours until ${timeAndDistance(job.expires_at, clock.now())}.`);
  const note = oneLine(noteOf(job));
  if (note) output.note(note);
  output.note(`  gpu-dev connect ${id}`);
  return undefined;
}
