/** Jobs, and the GPUs for them, as the OpenAPI documents show them. */
import { AT, JOB_ID, POD_NAME } from "./shared.ts";

const job = {
  job_id: JOB_ID,
  reservation_id: JOB_ID,
  user_id: "alice-example.com",
  status: "active",
  gpu_type: "h100",
  gpu_count: 1,
  instance_type: "p5.48xlarge",
  image: "pytorch/pytorch:2.8.0",
  duration_hours: 4,
  created_at: AT,
  expires_at: "2026-01-15T20:31:00.000Z",
  name: "train",
  pod_name: POD_NAME,
  node_ip: "192.0.2.10",
  node_port: 30122,
  ssh_command: "ssh -p 30122 dev@192.0.2.10",
  jupyter_enabled: false,
  jupyter_url: null,
  jupyter_token: null,
  github_user: "alice",
  secondary_users: [],
  oom_count: 0,
  launched_at: "2026-01-15T16:31:00.000Z",
};
const event = { seq: 1, at: AT, kind: "submitted", actor: "user", data: {} };
const reason = {
  code: "no_free_node",
  sentence: "Waits for 4 × h100 on one node: 2 nodes have 3 free at most. It is the first in line.",
};
const start = { p50: "2026-01-15T16:50:00.000Z", p90: "2026-01-15T18:10:00.000Z" };
const gpus = {
  gpu_type: "h100",
  known: true,
  total: 16,
  available: 8,
  in_use: 8,
  queued: 0,
  max_per_node: 8,
  instance_type: "p5.48xlarge",
  instance_types: ["p5.48xlarge"],
  cpus: 192,
  memory_gb: 2048,
};

/** What a job writes. */
export const LOG_EXAMPLE = "step 1000, loss 2.31\n";
/** Of a stream of events. */
export const EVENT_EXAMPLE = `id: 1\ndata: ${JSON.stringify(event)}\n\n`;

export const JOBS_EXAMPLES = {
  SubmitJob: {
    image: "pytorch/pytorch:2.8.0",
    duration_hours: 4,
    env_vars: { GPU_TYPE: "h100", GPU_COUNT: "1", GITHUB_USER: "alice" },
    command: "python train.py",
  },
  JobSubmitted: {
    job_id: JOB_ID,
    status: "queued",
    message: "Job submitted successfully",
    estimated_start_time: "2026-01-15T16:31:00.000Z",
  },
  Job: job,
  Jobs: { jobs: [job], total: 1, limit: 50, offset: 0, next_cursor: null },
  ExtendJob: { extension_hours: 2 },
  AddJobUser: { github_username: "bob" },
  JobActionRequested: {
    job_id: JOB_ID,
    action: "cancel",
    status: "requested",
    message: "Cancellation request queued successfully (message ID: 42)",
  },
  JobEvent: event,
  JobEvents: { events: [event], next_seq: 1, is_over: false },
  JobExplanation: {
    job_id: JOB_ID,
    status: "queued",
    reason: reason,
    remedies: ["Ask for fewer GPUs."],
    position: 1,
    start: start,
  },
  JobPlan: {
    admissible: true,
    would_start_now: false,
    gpu_type: "h100",
    gpu_count: 4,
    duration_hours: 4,
    reason: reason,
    remedies: ["Ask for fewer GPUs."],
    position: 1,
    start: start,
    pod: null,
  },
  PodPlan: {
    job_id: JOB_ID,
    pod_name: POD_NAME,
    node_name: null,
    image: "pytorch/pytorch:2.8.0",
    owner: "alice-example.com",
    name: "train",
    has_command: false,
    keep: false,
    gpus: 1,
    gpu_type: "h100",
    cpu_millis: 24000,
    memory_mib: 245760,
    disk_id: null,
  },
  PlannedPod: { pod: { apiVersion: "v1", kind: "Pod", metadata: { name: POD_NAME } } },
  GpuAvailability: gpus,
  Availability: { availability: { h100: gpus }, timestamp: AT },
  ClusterStatus: {
    known: true,
    total_gpus: 16,
    available_gpus: 8,
    in_use_gpus: 8,
    queued_gpus: 0,
    active_reservations: 2,
    preparing_reservations: 0,
    queued_reservations: 0,
    pending_reservations: 0,
    by_gpu_type: { h100: gpus },
    timestamp: AT,
  },
};
