/** What the `gpu-dev` client of the first service sends, as it was recorded, and what it needs of each answer. */
import assert from "node:assert/strict";
import { call } from "./client.ts";

/** As python-requests writes them. */
const HEADERS = {
  "user-agent": "python-requests/2.31.0",
  "accept-encoding": "gzip, deflate",
  accept: "*/*",
  connection: "keep-alive",
};

export interface Recorded {
  readonly method: string;
  /** `{id}`: the job's; `{id8}`: as much of it as the client shows, which is what people type. */
  readonly path: string;
  readonly body?: object;
}

const LIVE = "active,preparing,queued,pending";
const ALL_JOBS = "/v1/jobs?limit=500&offset=0";

/** `gpu-dev reserve --gpu-type h100 --gpus 1 --hours 1 --name demo`: then `show` until it is active or failed. */
export const reserve = (reservationId: string, user: string, name = "demo"): Recorded[] => [
  { method: "GET", path: `${ALL_JOBS}&status=${LIVE}` },
  {
    method: "POST",
    path: "/v1/jobs/submit",
    body: {
      image: "pytorch/pytorch:2.1.0-cuda12.1-cudnn8-runtime",
      instance_type: "p5.48xlarge",
      duration_hours: 1,
      env_vars: {
        GPU_TYPE: "h100",
        GPU_COUNT: "1",
        RESERVATION_ID: reservationId,
        USER_ID: user,
        GITHUB_USER: "octocat",
        POD_NAME: name,
      },
    },
  },
];
export const SHOW: Recorded = { method: "GET", path: "/v1/jobs/{id}" };
/** `gpu-dev show abcdefgh`, and where to look when that is not found. */
export const SHOW_SHORT: Recorded = { method: "GET", path: "/v1/jobs/{id8}" };
export const LOOK_FOR: Recorded = { method: "GET", path: "/v1/jobs?limit=500" };
/** `gpu-dev list`, and with `--status all`. */
export const LIST: Recorded = {
  method: "GET",
  path: `${ALL_JOBS}&status=${LIVE},failed,cancelled`,
};
export const LIST_ALL: Recorded = { method: "GET", path: ALL_JOBS };
/** `gpu-dev edit abcdefgh --extend 2`, after `show`. */
export const EXTEND: Recorded = {
  method: "POST",
  path: "/v1/jobs/{id8}/extend",
  body: { extension_hours: 2 },
};
/** `gpu-dev cancel abcdefgh`: nothing is looked up before. */
export const CANCEL: Recorded = { method: "POST", path: "/v1/jobs/{id8}/cancel" };
export const AVAIL: Recorded = { method: "GET", path: "/v1/gpu/availability" };
export const STATUS: Recorded = { method: "GET", path: "/v1/cluster/status" };

// biome-ignore lint/suspicious/noExplicitAny: bodies of every shape are looked into
type Body = any;

export interface Replayed {
  readonly status: number;
  readonly body: Body;
}

export async function replay(
  apiKey: string,
  { method, path, body }: Recorded,
  id = "",
): Promise<Replayed> {
  const target = path.replace("{id}", id).replace("{id8}", id.slice(0, 8));
  const headers = {
    ...HEADERS,
    authorization: `Bearer ${apiKey}`,
    ...(body && { "content-type": "application/json" }),
  };
  const { status, text } = await call(target, method, headers, body && JSON.stringify(body));
  const answer: Body = JSON.parse(text);
  // the client shows it, whatever it is
  if (status !== 200) assert.equal(typeof answer.detail, "string", text);
  return { status, body: answer };
}

const ZONED = /(Z|[+-]\d{2}:\d{2})$/;
/** Read as a list, a number, a text: null crashes the client, a missing one does not. */
const NEVER_NULL = {
  oom_count: "number",
  secondary_users: "object",
  queue_position: "number",
  estimated_wait_minutes: "number",
} as const;

/** What the client needs of a job, in each answer that has one. */
export function assertJob(job: Body): void {
  const text = JSON.stringify(job);
  for (const name of ["reservation_id", "pod_name", "ssh_command"]) assert.ok(name in job, text);
  for (const name of ["status", "user_id", "created_at"]) assert.equal(typeof job[name], "string");
  for (const [name, type] of Object.entries(NEVER_NULL)) {
    if (!(name in job)) continue;
    assert.equal(typeof job[name], type, `${name}: ${text}`);
    assert.notEqual(job[name], null, `${name}: ${text}`);
  }
  for (const name of ["created_at", "expires_at", "launched_at", "last_oom_at"]) {
    if (typeof job[name] === "string") assert.match(job[name], ZONED, text);
  }
  if (job.status !== "active") return;
  assert.match(job.ssh_command, /^ssh /, text);
  assert.match(job.expires_at, ZONED, text);
}
