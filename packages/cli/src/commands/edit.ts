/** `gpu-dev edit`: changes of a job that runs. */
import type { Job, JobActionRequested } from "@airlock/contract";
import type { Api } from "../api/api.ts";
import { CliError, EXIT, usageError } from "../cli-error.ts";
import { command, JSON_FLAG } from "../command.ts";
import type { Context } from "../context.ts";
import { findJob, jobPath } from "../jobs/find-job.ts";
import { hoursOf } from "../jobs/hours.ts";
import { orderGoesOn, publicJob, shortId } from "../jobs/job-view.ts";
import { waitForJob } from "../jobs/wait-for-job.ts";
import { oneLine } from "../output/text-width.ts";
import { extendJob } from "./extend.ts";

export const edit = command({
  name: "edit",
  about: "change a job that runs",
  operands: [{ name: "ID", names: "job" }],
  flags: {
    extend: { value: "HOURS", about: "more hours" },
    "enable-jupyter": { about: "start Jupyter Lab in it" },
    "disable-jupyter": { about: "end Jupyter Lab in it" },
    "add-user": { value: "NAME", many: true, about: "let a GitHub user log in, by their SSH keys" },
    ...JSON_FLAG,
  },
  examples: [
    "gpu-dev edit 3f2a91bc --extend 2 --enable-jupyter",
    "gpu-dev edit 3f2a91bc --add-user octocat",
  ],
  async run({ flags, operands: [id = ""] }, context) {
    const { extend, "enable-jupyter": on, "disable-jupyter": off, "add-user": users } = flags;
    if (on && off) throw usageError("--enable-jupyter and --disable-jupyter contradict.");
    if (extend === undefined && !on && !off && users.length === 0) {
      throw usageError("Nothing to change.", "See `gpu-dev edit --help`.");
    }
    const hours = extend === undefined ? undefined : hoursOf(extend, "--extend");
    const api = await context.api();
    let job = await findJob(api, id);
    if (hours !== undefined) job = await extendJob(job, hours, api, context);
    if (on || off) job = await switchJupyter(job, on, api, context);
    for (const user of users) job = await addUser(job, user, api, context);
    if (flags.json) context.output.json(publicJob(job));
  },
});

const LIMIT_MS = 120_000;
/** An order is carried out within seconds. */
const SAME_AGAIN_MS = 8000;

/** @returns the job with Jupyter as it was asked for. @throws CliError with the job's own reason. */
export async function switchJupyter(
  job: Job,
  on: boolean,
  api: Api,
  context: Context,
): Promise<Job> {
  const { job_id: id } = job;
  const word = on ? "enable" : "disable";
  await api.post<JobActionRequested>(`${jobPath(id)}/jupyter/${word}`);
  const isDone = ({ jupyter_enabled, jupyter_url }: Job) =>
    on ? jupyter_enabled && Boolean(jupyter_url) : !jupyter_enabled && !jupyter_url;
  const isRefused = isNewError(job, "jupyter_error", context);
  context.output.progress(on ? "Starting Jupyter…" : "Ending Jupyter…");
  const isThere = (seen: Job) => isDone(seen) || isRefused(seen);
  const after = await waitForJob(
    { api, id, isThere, limitMs: LIMIT_MS, goesOn: orderGoesOn(job) },
    context,
  );
  if (isDone(after)) {
    context.output.note(`Jupyter of job ${shortId(after)} is ${on ? "on" : "off"}.`);
    return after;
  }
  const why = after.jupyter_error ?? `it is ${after.status}`;
  throw new CliError(
    EXIT.failed,
    `Jupyter of job ${shortId(after)} is not ${on ? "on" : "off"}: ${oneLine(why)}`,
  );
}

/** What was wrong before is the answer to the time before; or, after a while, again to this. */
function isNewError(
  before: Job,
  member: "jupyter_error" | "add_user_error",
  { clock }: Context,
): (job: Job) => boolean {
  const askedAt = clock.now();
  return ({ [member]: error }) =>
    error !== undefined && (error !== before[member] || clock.now() - askedAt > SAME_AGAIN_MS);
}

async function addUser(job: Job, user: string, api: Api, context: Context): Promise<Job> {
  const { job_id: id } = job;
  const isRefused = isNewError(job, "add_user_error", context);
  await api.post<JobActionRequested>(`${jobPath(id)}/users`, { github_username: user });
  context.output.progress(`Fetching the keys of ${user}…`);
  const isDone = ({ secondary_users }: Job) => secondary_users.includes(user);
  const isThere = (seen: Job) => isDone(seen) || isRefused(seen);
  const after = await waitForJob(
    { api, id, isThere, limitMs: LIMIT_MS, goesOn: orderGoesOn(job) },
    context,
  );
  if (!isDone(after) && isRefused(after)) {
    const why = oneLine(after.add_user_error ?? "");
    throw new CliError(EXIT.failed, `${user} is not let into job ${shortId(after)}: ${why}`);
  }
  if (!isDone(after)) {
    throw new CliError(
      EXIT.failed,
      `${user} was not let into job ${shortId(after)} in time; it is ${after.status}.`,
    );
  }
  context.output.note(`${user} may log in to job ${shortId(after)}.`);
  return after;
}
