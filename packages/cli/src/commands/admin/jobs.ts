/** `gpu-dev admin jobs …`: everybody's jobs. */
import type { AdminJob, AdminJobDetails, AdminJobs, JobActionRequested } from "@airlock/contract";
import { CliError, EXIT } from "../../cli-error.ts";
import { command, JSON_FLAG } from "../../command.ts";
import { FILTER_FLAGS } from "../../jobs/filter-flags.ts";
import { hoursOf } from "../../jobs/hours.ts";
import { LIVE_STATES } from "../../jobs/job-states.ts";
import { gpusText, shortId } from "../../jobs/job-view.ts";
import { type Column, facts, table } from "../../output/table.ts";
import { oneLine } from "../../output/text-width.ts";
import {
  hoursText,
  inLocalTime,
  localTime,
  relative,
  timeAndDistance,
} from "../../output/times.ts";
import { confirm, YES_FLAG } from "./confirm.ts";
import { findUser } from "./find-user.ts";
import { allPages } from "./pages.ts";

const ID = { name: "ID" } as const;
const REASON = { value: "TEXT", about: "why; the owner reads it among the job's events" } as const;

const whyOf = (job: AdminJob): string =>
  inLocalTime(job.last_fault ?? job.failure_reason ?? job.current_detailed_status ?? "");

const columns = (now: number): readonly Column<AdminJob>[] => [
  { title: "ID", text: shortId },
  { title: "USER", text: ({ username }) => username },
  { title: "STATE", text: ({ status, end_as }) => (end_as ? `${status}, to end` : status) },
  { title: "GPUS", text: gpusText },
  { title: "NODE", text: ({ node_name }) => node_name ?? "", rank: 2 },
  { title: "MADE", text: ({ created_at }) => relative(created_at, now), rank: 4 },
  { title: "ENDS", text: ({ expires_at }) => relative(expires_at, now), rank: 3 },
  { title: "WHY", text: whyOf, rank: 1 },
];

export const adminJobsList = command({
  name: "admin jobs list",
  about: "list jobs of all users",
  flags: {
    ...FILTER_FLAGS,
    user: { value: "USER", about: "only this user's" },
    node: { value: "NODE", about: "only jobs that have something booked there" },
    since: {
      wire: "since",
      value: "TIME",
      about: "only jobs made then or later: 2026-01-15T16:30:00Z",
    },
    stuck: { about: "only jobs with which something goes wrong" },
    ...JSON_FLAG,
  },
  more: "Without --status: jobs that wait or run.",
  examples: ["gpu-dev admin jobs list --stuck", "gpu-dev admin jobs list --node gpu-1 --json"],
  async run({ flags }, context) {
    const { output, clock } = context;
    const { type: gpu_type, user, node, since, status = LIVE_STATES.join(",") } = flags;
    const api = await context.api();
    const query = {
      ...(status !== "all" && { status }),
      gpu_type,
      node,
      since,
      user_id: user === undefined ? undefined : (await findUser(api, user)).user_id,
      stuck: flags.stuck ? "true" : undefined,
    };
    const jobs = await allPages(api, "/v1/admin/jobs", query, (page: AdminJobs) => page.jobs);
    if (flags.json) return void output.json({ jobs, total: jobs.length });
    output.print(...table(columns(clock.now()), jobs, output.width));
  },
});

/** What the API takes for an id; anything else is nobody's. */
const JOB_ID = /^[A-Za-z0-9][A-Za-z0-9-]{3,63}$/;

/** @throws CliError for whatever is no job's. */
function pathOf(id: string): string {
  if (JOB_ID.test(id)) return `/v1/admin/jobs/${id}`;
  throw new CliError(EXIT.notFound, `There is no job ${JSON.stringify(id)}.`, {
    next: "`gpu-dev admin jobs list --status all` has all of them.",
  });
}

export const adminJobsShow = command({
  name: "admin jobs show",
  about: "show anybody's job, with what happened to it",
  operands: [ID],
  flags: JSON_FLAG,
  async run({ flags, operands: [id = ""] }, context) {
    const { output, clock } = context;
    const job = await (await context.api()).get<AdminJobDetails>(pathOf(id));
    if (flags.json) return void output.json(job);
    const now = clock.now();
    const time = (at: string | null) => timeAndDistance(at, now);
    const pairs: readonly (readonly [string, string | null | undefined])[] = [
      ["id", job.job_id],
      ["user", job.username],
      ["state", job.status],
      ["is to end as", job.end_as],
      ["why", inLocalTime(job.failure_reason ?? job.current_detailed_status ?? "")],
      ["gpus", gpusText(job)],
      ["time", hoursText(job.duration_hours)],
      ["image", job.image],
      ["node", job.node_name],
      ["pod", job.pod_name],
      ["made", time(job.created_at)],
      ["started", time(job.launched_at)],
      ["ends", time(job.expires_at)],
      ["ended", time(job.ended_at)],
      ["is left in the cluster", job.ended_at && (job.is_cleaned ? "nothing" : "something")],
      ["is looked at", time(job.due_at)],
      ["is in work until", time(job.lease_until)],
      ["faults", job.faults > 0 ? `${job.faults}: ${job.last_fault ?? ""}` : undefined],
    ];
    output.print(
      ...facts(pairs.map(([word, value]) => [word, value ? oneLine(value) : undefined])),
      "",
      ...table(EVENTS, job.events, output.width),
    );
  },
});

type Event = AdminJobDetails["events"][number];
const EVENTS: readonly Column<Event>[] = [
  { title: "SEQ", isNumber: true, text: ({ seq }) => String(seq) },
  { title: "AT", text: ({ at }) => localTime(at) ?? at },
  { title: "EVENT", text: ({ kind }) => kind },
  { title: "BY", text: ({ actor }) => actor },
  { title: "WITH", text: ({ data }) => withText(data), rank: 1 },
];

const withText = (data: Event["data"]): string =>
  Object.entries(data)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");

export const adminJobsCancel = command({
  name: "admin jobs cancel",
  about: "end anybody's job",
  operands: [ID],
  flags: { reason: REASON, ...YES_FLAG, ...JSON_FLAG },
  examples: [
    "gpu-dev admin jobs cancel 3f2a91bc --reason 'The node is taken out of service.' --yes",
  ],
  async run({ flags, operands: [id = ""] }, context) {
    const api = await context.api();
    const job = await api.get<AdminJob>(pathOf(id));
    const words = `job ${shortId(job)} of ${job.username} (${gpusText(job)}, ${job.status})`;
    await confirm(flags.yes, `End ${words}?`, `gpu-dev admin jobs cancel ${id}`, context);
    const body = flags.reason === undefined ? {} : { reason: flags.reason };
    const answer = await api.post<JobActionRequested>(`${pathOf(job.job_id)}/cancel`, body);
    if (flags.json) return void context.output.json(answer);
    context.output.note(`Job ${shortId(job)} of ${job.username} is being cancelled.`);
  },
});

export const adminJobsExtend = command({
  name: "admin jobs extend",
  about: "give anybody's job more hours, within what a job may run",
  operands: [ID, { name: "HOURS" }],
  flags: { reason: REASON, ...JSON_FLAG },
  async run({ flags, operands: [id = "", hours = ""] }, context) {
    const extension_hours = hoursOf(hours, "HOURS");
    const api = await context.api();
    const job = await api.get<AdminJob>(pathOf(id));
    const why = flags.reason === undefined ? undefined : { reason: flags.reason };
    const body = { extension_hours, ...why };
    const answer = await api.post<JobActionRequested>(`${pathOf(job.job_id)}/extend`, body);
    if (flags.json) return void context.output.json(answer);
    context.output.note(
      `${hoursText(extension_hours)} more are asked for; \`gpu-dev admin jobs show ${shortId(job)}\` tells what came of it.`,
    );
  },
});
