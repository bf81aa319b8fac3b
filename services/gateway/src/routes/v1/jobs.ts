/** `/v1/jobs`, `/v1/gpu` and `/v1/cluster`: jobs, and the GPUs for them. */
import {
  AddJobUser,
  Availability,
  ClusterStatus,
  ExtendJob,
  eventsFormOf,
  Job,
  JobActionRequested,
  JobEvents,
  JobEventsQuery,
  JobExplanation,
  JobLogsQuery,
  JobPlan,
  JobSubmitted,
  Jobs,
  JobsQuery,
  JobTunnelQuery,
  SubmitJob,
} from "@airlock/contract";
import type { JobsRoute } from "./jobs-route.ts";

export const JOB_ROUTES: readonly JobsRoute[] = [
  {
    method: "POST",
    url: "/v1/jobs/submit",
    summary: "Accepts a job: it is in the database and on its queue when this answers.",
    tag: "jobs",
    body: SubmitJob,
    answer: JobSubmitted,
    problems: [409, 410],
  },
  {
    method: "GET",
    url: "/v1/jobs",
    summary: "The user's jobs, newest first, page by page.",
    tag: "jobs",
    querystring: JobsQuery,
    answer: Jobs,
    problems: [],
  },
  {
    method: "GET",
    url: "/v1/jobs/:job_id",
    summary: "One job, by its id or the beginning of it.",
    tag: "jobs",
    answer: Job,
    problems: [404, 409],
  },
  {
    method: "GET",
    url: "/v1/jobs/:job_id/explain",
    summary: "Why a job is where it is, what can be done about it, and when it starts.",
    tag: "jobs",
    answer: JobExplanation,
    problems: [404, 409],
  },
  {
    method: "POST",
    url: "/v1/jobs/plan",
    summary: "What would become of a submission now; nothing is changed.",
    tag: "jobs",
    body: SubmitJob,
    answer: JobPlan,
    problems: [422],
  },
  {
    method: "GET",
    url: "/v1/jobs/:job_id/logs",
    summary:
      "What a job wrote, as plain text: the newest 1 MiB while it runs, the newest 256 KiB once it is over; empty before it starts.",
    tag: "jobs",
    querystring: JobLogsQuery,
    text: "What it wrote.",
    classOf: (path) => (/[?&]follow=true(?:&|$)/.test(path) ? "follow" : "jobs"),
    problems: [404, 409],
  },
  {
    method: "GET",
    url: "/v1/jobs/:job_id/events",
    summary:
      "What happened to a job, in its order: JSON for who accepts that or asks with wait, else server-sent events, to its end.",
    tag: "jobs",
    querystring: JobEventsQuery,
    answer: JobEvents,
    stream: "text/event-stream",
    classOf: (path, accept) => EVENT_CLASSES[eventsFormOf(accept, /[?&]wait=/.test(path))],
    problems: [404, 409],
  },
  action("cancel", "Asks for the end of a job."),
  action("extend", "Asks for more hours.", ExtendJob),
  action("jupyter/enable", "Asks for Jupyter Lab in a job."),
  action("jupyter/disable", "Asks for the end of Jupyter Lab in a job."),
  action("users", "Asks for the SSH keys of another GitHub user in a job.", AddJobUser),
];

const EVENT_CLASSES = { page: "jobs", wait: "eventWait", stream: "events" } as const;

export const TUNNEL_ROUTE: JobsRoute = {
  method: "GET",
  url: "/v1/jobs/:job_id/tunnel",
  summary: "A WebSocket whose binary messages are the bytes of a connection to a port of the job.",
  tag: "jobs",
  querystring: JobTunnelQuery,
  isTunnel: true,
  text: "From here on it is a WebSocket.",
  problems: [404, 409, 426],
};

function action(name: string, summary: string, body?: JobsRoute["body"]): JobsRoute {
  return {
    method: "POST",
    url: `/v1/jobs/:job_id/${name}`,
    summary,
    tag: "jobs",
    ...(body && { body }),
    answer: JobActionRequested,
    problems: [404, 409],
  };
}

export const CLUSTER_ROUTES: readonly JobsRoute[] = [
  {
    method: "GET",
    url: "/v1/gpu/availability",
    summary: "GPUs by type: all, free, in use, waited for.",
    tag: "cluster",
    answer: Availability,
    problems: [],
  },
  {
    method: "GET",
    url: "/v1/cluster/status",
    summary: "The same for the whole cluster, with its jobs by state.",
    tag: "cluster",
    answer: ClusterStatus,
    problems: [],
  },
];
