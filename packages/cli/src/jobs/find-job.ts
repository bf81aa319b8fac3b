/** The job that somebody names: by its id, the beginning of it, its name or its pod; or the only one there is. */
import type { Job, Jobs } from "@airlock/contract";
import type { Api } from "../api/api.ts";
import { ApiError, isNotFound } from "../api/problem.ts";
import { CliError, EXIT, usageError } from "../cli-error.ts";
import { LIVE_STATES } from "./job-states.ts";

/** What the API takes for an id; anything else is nobody's. */
const ID = /^[A-Za-z0-9][A-Za-z0-9-]{3,63}$/;
const SHORT_NAME = /^gpu-dev-([A-Za-z0-9][A-Za-z0-9-]{3,7})$/;
const POD = /^gpu-dev-(.+)-[0-9a-f]{16}$/;

export const jobPath = (id: string): string => `/v1/jobs/${encodeURIComponent(id)}`;

const notFound = (name: string) =>
  new CliError(EXIT.notFound, `There is no job ${JSON.stringify(name)}.`, {
    next: "`gpu-dev list --status all` has all of your jobs.",
  });

/** @throws CliError; EXIT.notFound for whatever is no job. */
export async function findJob(api: Api, name: string): Promise<Job> {
  const beginning = POD.exec(name)?.[1];
  if (beginning !== undefined) return await findByPod(api, name, beginning);
  try {
    if (!ID.test(name)) throw notFound(name);
    return await api.get<Job>(jobPath(name));
  } catch (error) {
    if (!isNotFound(error)) throw error;
    // as a job is called that was given no name
    const short = SHORT_NAME.exec(name)?.[1];
    if (short !== undefined) return await api.get<Job>(jobPath(short));
    const named = await findByName(api, name);
    if (!named) throw error;
    return named;
  }
}

/** The one that waits or runs; else the last of that name among the last ones. @throws CliError for several. */
async function findByName(api: Api, wanted: string): Promise<Job | undefined> {
  const isNamed = ({ name }: Job) => name === wanted;
  const [only, ...others] = (await liveJobs(api)).filter(isNamed);
  if (others.length === 0 && only) return only;
  if (only) {
    const ids = [only, ...others].slice(0, 5).map(({ job_id }) => job_id.slice(0, 8));
    const sentence = `${others.length + 1} jobs are called ${JSON.stringify(wanted)}.`;
    throw usageError(sentence, `Name one by its id: ${ids.join(", ")}.`);
  }
  const { jobs } = await api.get<Jobs>("/v1/jobs", { limit: PAGE });
  return jobs.find(isNamed);
}

/** A pod's name holds eight characters of the job's id, with which others may begin as well. */
async function findByPod(api: Api, pod: string, beginning: string): Promise<Job> {
  try {
    if (ID.test(beginning)) {
      const job = await api.get<Job>(jobPath(beginning));
      if (job.pod_name === pod) return job;
    }
  } catch (error) {
    const isOther = error instanceof ApiError && [404, 409].includes(error.problem.status);
    if (!isOther) throw error;
  }
  const found = (await listJobs(api)).find(({ pod_name }) => pod_name === pod);
  if (!found) throw notFound(pod);
  return found;
}

export interface JobFilter {
  readonly status?: string | undefined;
  readonly gpu_type?: string | undefined;
  readonly since?: string | undefined;
}

const PAGE = 200;

/** Newest first, however many pages they take. */
export async function listJobs(api: Api, filter: JobFilter = {}): Promise<Job[]> {
  const jobs: Job[] = [];
  let cursor: string | undefined;
  do {
    const page = await api.get<Jobs>("/v1/jobs", { ...filter, limit: PAGE, cursor });
    jobs.push(...page.jobs);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return jobs;
}

export const liveJobs = (api: Api): Promise<Job[]> =>
  listJobs(api, { status: LIVE_STATES.join(",") });

/** @param name left out: the one live job that there is. @throws CliError */
export async function findJobOrOnly(
  api: Api,
  name: string | undefined,
  usage: string,
): Promise<Job> {
  if (name !== undefined) return await findJob(api, name);
  const jobs = await liveJobs(api);
  const [only, another] = jobs;
  if (only && !another) return only;
  if (!only)
    throw new CliError(EXIT.notFound, "You have no job that waits or runs.", {
      next: "gpu-dev reserve",
    });
  const ids = jobs
    .slice(0, 5)
    .map(({ job_id, name: called }) => `${job_id.slice(0, 8)} (${called})`);
  throw usageError(`Which job? You have ${jobs.length}: ${ids.join(", ")}.`, usage);
}
