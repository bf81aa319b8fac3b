/** The series that the cases are made of. */

/** A metric, its own labels, and its values in promtool's words (`0+10x40`: 41 values, 10 apart). */
export type Series = readonly [
  metric: string,
  labels: Readonly<Record<string, string>>,
  values: string,
];

export const answers = (status: string, values: string, route = "/config/*"): Series => [
  "airlock_http_request_duration_seconds_count",
  { method: "GET", route, status },
  values,
];
export const build: Series = [
  "airlock_build_info",
  { version: "1.2.3", git_sha: "0123abc" },
  "1x300",
];
export const awsCalls = (aws: string, outcome: string, values: string): Series => [
  "airlock_aws_call_duration_seconds_count",
  { aws, operation: "GetParameters", outcome },
  values,
];
export const proofs = (outcome: string, values: string): Series => [
  "airlock_layer_auth_checks_total",
  { outcome },
  values,
];
export const callers = (outcome: string, values: string): Series => [
  "airlock_caller_auth_checks_total",
  { outcome },
  values,
];
export const keysAge = (of: "layer" | "caller", values: string): Series => [
  `airlock_${of}_auth_keys_age_seconds`,
  {},
  values,
];
export const logins = (outcome: string, values: string): Series => [
  "airlock_logins_total",
  { outcome },
  values,
];
export const breaker = (upstream: string, values: string): Series => [
  "airlock_upstream_breaker_open",
  { upstream },
  values,
];
export const queue = "gpu_dev_jobs";
export const age = (values: string): Series => [
  "airlock_queue_oldest_message_age_seconds",
  { queue },
  values,
];
export const taken = (values: string): Series => [
  "airlock_queue_messages",
  { queue, state: "taken" },
  values,
];
export const refreshes = (values: string): Series => [
  "airlock_aws_session_failed_refreshes",
  {},
  values,
];
export const refusedByAws = (errorType: string, values: string): Series => [
  "airlock_upstream_refused_by_aws_total",
  { upstream: "execution-api", error_type: errorType },
  values,
];
export const roundAge = (loop: string, values: string): Series => [
  "airlock_processor_round_age_seconds",
  { loop },
  values,
];
export const clusterCalls = (verb: string, outcome: string, values: string): Series => [
  "airlock_kubernetes_call_duration_seconds_count",
  { verb, kind: "pods", outcome },
  values,
];
export const steps = (outcome: string, values: string): Series => [
  "airlock_job_steps_total",
  { step: "make_pod", outcome },
  values,
];
export const orders = (action: string, outcome: string, values: string): Series => [
  "airlock_orders_total",
  { action, outcome },
  values,
];
export const snapshots = (outcome: string, values: string): Series => [
  "airlock_disk_snapshots_total",
  { outcome },
  values,
];
export const diskOperationAge = (values: string): Series => [
  "airlock_disk_operations_oldest_age_seconds",
  {},
  values,
];
export const unknownPods = (values: string): Series => ["airlock_unknown_pods", {}, values];
export const orphans = (values: string): Series => ["airlock_orphan_pods_total", {}, values];
export const waiting = (reason: string, values: string): Series => [
  "airlock_jobs_waiting",
  { gpu_type: "h100", reason },
  values,
];
export const longestWait = (values: string): Series => [
  "airlock_jobs_longest_wait_seconds",
  { gpu_type: "h100" },
  values,
];
export const promises = (held: string, values: string): Series => [
  "airlock_job_start_promises_total",
  { held },
  values,
];
/** Of pods, how many and how long all of them took. */
export const starts = (count: string, sum: string): readonly Series[] =>
  [
    ["count", count],
    ["sum", sum],
  ].map(([what, values = ""]) => [
    `airlock_job_start_delay_seconds_${what}`,
    { gpu_type: "h100", part: "pod" },
    values,
  ]);
export const policy = (values: string): Series => ["airlock_policy_fresh", {}, values];
export const steppedBack = (gate: string, values: string): Series => [
  "airlock_rollout_stepped_back",
  { gate },
  values,
];
export const rolloutFile = (values: string): Series => ["airlock_rollout_file_fresh", {}, values];
