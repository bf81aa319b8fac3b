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
export const reserve = (
  reservationId: string,
  user: string,
  name = "demo",
  more: object = {},
): Recorded[] => [
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
      ...more,
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
/** `gpu-dev edit abcdefgh --enable-jupyter`, `--disable-jupyter` and `--add-user NAME`: then `show` until it is so. */
export const ENABLE_JUPYTER: Recorded = { method: "POST", path: "/v1/jobs/{id8}/jupyter/enable" };
export const DISABLE_JUPYTER: Recorded = { method: "POST", path: "/v1/jobs/{id8}/jupyter/disable" };
export const addUser = (github_username: string): Recorded => ({
  method: "POST",
  path: "/v1/jobs/{id8}/users",
  body: { github_username },
});
/** `gpu-dev disk list`, and what every other command of disks looks at before and after. */
export const DISKS: Recorded = { method: "GET", path: "/v1/disks" };
export const createDisk = (disk_name: string): Recorded => ({
  method: "POST",
  path: "/v1/disks",
  body: { disk_name },
});
export const renameDisk = (name: string, new_name: string): Recorded => ({
  method: "POST",
  path: `/v1/disks/${name}/rename`,
  body: { new_name },
});
export const deleteDisk = (name: string): Recorded => ({
  method: "DELETE",
  path: `/v1/disks/${name}`,
});
export const listContent = (name: string): Recorded => ({
  method: "GET",
  path: `/v1/disks/${name}/content`,
});
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

/** What the client needs of each disk of a list. */
export function assertDisk(disk: Body): void {
  const text = JSON.stringify(disk);
  for (const name of ["disk_name", "size_gb", "snapshot_count", "in_use"]) {
    assert.ok(name in disk, text);
  }
  assert.equal(typeof disk.snapshot_count, "number", text);
  assert.equal(typeof disk.in_use, "boolean", text);
  for (const name of ["created_at", "last_used"]) {
    if (disk[name] !== null) assert.match(disk[name], ZONED, text);
  }
}
