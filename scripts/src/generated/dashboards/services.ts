/** What the dashboard of each service shows. */
import {
  dashboardOf,
  maxBy,
  minBy,
  type Panel,
  quantileBy,
  type Row,
  rateBy,
  type Service,
  sumBy,
} from "./dashboard.ts";

const REQUESTS = "airlock_http_request_duration_seconds";
const NO_PROBES = ',route!~"/livez|/readyz"';

/** Rate, errors, duration: of every service. */
const TRAFFIC: Row = {
  title: "Requests",
  panels: [
    {
      title: "Requests by status",
      unit: "reqps",
      queries: [rateBy(`${REQUESTS}_count`, "status", NO_PROBES)],
    },
    {
      title: "Share of 5xx",
      unit: "percentunit",
      queries: [
        {
          // a service that is well has no series of 5xx at all
          expr: `(sum(rate(${REQUESTS}_count{$of${NO_PROBES},status=~"5.."}[$__rate_interval])) or vector(0)) / sum(rate(${REQUESTS}_count{$of${NO_PROBES}}[$__rate_interval]))`,
          legend: "5xx",
        },
      ],
    },
    {
      title: "Requests by route",
      unit: "reqps",
      queries: [rateBy(`${REQUESTS}_count`, "route", NO_PROBES)],
    },
    {
      title: "Duration by route, 99 of 100",
      unit: "s",
      queries: [quantileBy(0.99, REQUESTS, "route", NO_PROBES)],
    },
    {
      title: "Duration by route, half",
      unit: "s",
      queries: [quantileBy(0.5, REQUESTS, "route", NO_PROBES)],
    },
    {
      title: "In progress",
      unit: "short",
      queries: [
        sumBy("airlock_http_requests_in_flight", "pod"),
        sumBy("airlock_http_requests_waiting", "kind"),
      ],
    },
  ],
};

const PROCESS: Row = {
  title: "Processes",
  panels: [
    {
      title: "Pods by version",
      unit: "short",
      queries: [sumBy("airlock_build_info", "version, git_sha")],
    },
    {
      title: "Delay of the event loop",
      unit: "s",
      queries: [maxBy("airlock_event_loop_delay_seconds", "pod")],
    },
    { title: "Memory", unit: "bytes", queries: [maxBy("process_resident_memory_bytes", "pod")] },
    { title: "CPU", unit: "short", queries: [rateBy("process_cpu_seconds_total", "pod")] },
    {
      title: "Connections of clients",
      unit: "short",
      queries: [maxBy("airlock_http_connections", "pod")],
    },
    {
      title: "Log lines that were dropped, readers that were cut off",
      unit: "ops",
      queries: [
        rateBy("airlock_log_lines_dropped_total", "pod"),
        rateBy("airlock_http_slow_readers_total", "pod"),
        rateBy("airlock_http_connections_crowded_total", "pod"),
      ],
    },
  ],
};

const LAYER: readonly Panel[] = [
  {
    title: "Checks of the calling service",
    unit: "ops",
    queries: [rateBy("airlock_layer_auth_checks_total", "outcome")],
  },
  {
    title: "Age of the issuer's keys",
    unit: "s",
    queries: [maxBy("airlock_layer_auth_keys_age_seconds", "pod")],
  },
];

const GATEWAY: readonly Row[] = [
  {
    title: "What stands behind",
    panels: [
      {
        title: "Calls by outcome",
        unit: "reqps",
        queries: [rateBy("airlock_upstream_call_duration_seconds_count", "upstream, outcome")],
      },
      {
        title: "Duration of calls, 99 of 100",
        unit: "s",
        queries: [quantileBy(0.99, "airlock_upstream_call_duration_seconds", "upstream")],
      },
      {
        title: "Not asked",
        unit: "short",
        queries: [maxBy("airlock_upstream_breaker_open", "upstream")],
      },
      {
        title: "Connections",
        unit: "short",
        queries: [sumBy("airlock_upstream_connections", "upstream, lane, state")],
      },
      {
        title: "Requests to it",
        unit: "short",
        queries: [sumBy("airlock_upstream_requests", "upstream, lane, state")],
      },
      {
        title: "Second attempts, shared calls",
        unit: "ops",
        queries: [
          rateBy("airlock_upstream_retries_total", "upstream"),
          rateBy("airlock_upstream_shared_requests_total", "upstream"),
        ],
      },
    ],
  },
  {
    title: "Callers and rollout",
    panels: [
      {
        title: "Checks of callers",
        unit: "ops",
        queries: [rateBy("airlock_caller_auth_checks_total", "outcome")],
      },
      {
        title: "Age of the keys of the callers' issuer",
        unit: "s",
        queries: [maxBy("airlock_caller_auth_keys_age_seconds", "pod")],
      },
      {
        title: "Routes to aux",
        unit: "reqps",
        queries: [rateBy("airlock_rollout_requests_total", "route")],
      },
      {
        title: "Share of the execution API, asked for and in use",
        unit: "short",
        queries: [
          maxBy("airlock_rollout_percentage", "state"),
          maxBy("airlock_rollout_stepped_back", "gate"),
        ],
      },
    ],
  },
];

const AUX: readonly Row[] = [
  {
    title: "AWS",
    panels: [
      {
        title: "Calls by outcome",
        unit: "reqps",
        queries: [rateBy("airlock_aws_call_duration_seconds_count", "aws, outcome")],
      },
      {
        title: "Duration of calls, 99 of 100",
        unit: "s",
        queries: [quantileBy(0.99, "airlock_aws_call_duration_seconds", "aws, operation")],
      },
      {
        title: "Calls under way and waiting",
        unit: "short",
        queries: [sumBy("airlock_aws_queue_calls", "aws, lane, state")],
      },
      {
        title: "Time left of the session",
        unit: "s",
        queries: [maxBy("airlock_aws_session_expires_in_seconds", "pod")],
      },
      {
        title: "Renewals that failed in a row",
        unit: "short",
        queries: [maxBy("airlock_aws_session_failed_refreshes", "pod")],
      },
      {
        title: "Budget of SSM",
        unit: "ops",
        queries: [
          sumBy("airlock_aws_ssm_budget_calls_per_second", "budget"),
          sumBy("airlock_aws_ssm_budget_waiting_calls", "budget"),
        ],
      },
    ],
  },
  {
    title: "Values, policy, callers",
    panels: [
      {
        title: "Where answers come from",
        unit: "ops",
        queries: [rateBy("airlock_aws_cache_reads_total", "kind, state")],
      },
      {
        title: "Policy in use is the file's",
        unit: "short",
        queries: [maxBy("airlock_policy_fresh", "pod")],
      },
      ...LAYER,
    ],
  },
];

const JOBS: readonly Row[] = [
  {
    title: "Queues and database",
    panels: [
      {
        title: "Messages",
        unit: "short",
        queries: [maxBy("airlock_queue_messages", "queue, state")],
      },
      {
        title: "Oldest message",
        unit: "s",
        queries: [maxBy("airlock_queue_oldest_message_age_seconds", "queue")],
      },
      {
        title: "Connections to the database, and who waits for one",
        unit: "short",
        queries: [
          sumBy("airlock_database_connections", "state"),
          sumBy("airlock_database_waiting_requests", "pod"),
        ],
      },
      {
        title: "Oldest change of a disk",
        unit: "s",
        queries: [maxBy("airlock_disk_operations_oldest_age_seconds", "job")],
      },
    ],
  },
  {
    title: "GPUs and who waits for them",
    panels: [
      { title: "GPUs", unit: "short", queries: [maxBy("airlock_cluster_gpus", "gpu_type, state")] },
      {
        title: "Jobs that wait",
        unit: "short",
        queries: [maxBy("airlock_jobs_waiting", "gpu_type, reason")],
      },
      {
        title: "Longest wait",
        unit: "s",
        queries: [maxBy("airlock_jobs_longest_wait_seconds", "gpu_type")],
      },
    ],
  },
  {
    title: "Users",
    panels: [
      { title: "Logins", unit: "ops", queries: [rateBy("airlock_logins_total", "outcome")] },
      {
        title: "Checks of API keys",
        unit: "ops",
        queries: [rateBy("airlock_api_key_checks_total", "state")],
      },
      {
        title: "Submissions",
        unit: "ops",
        queries: [rateBy("airlock_job_submissions_total", "outcome")],
      },
      ...LAYER,
    ],
  },
];

const PROCESSOR: readonly Row[] = [
  {
    title: "Jobs and disks",
    panels: [
      {
        title: "Since a loop came to its end",
        unit: "s",
        queries: [minBy("airlock_processor_round_age_seconds", "loop")],
      },
      {
        title: "Orders",
        unit: "ops",
        queries: [rateBy("airlock_orders_total", "action, outcome")],
      },
      {
        title: "Steps of jobs",
        unit: "ops",
        queries: [rateBy("airlock_job_steps_total", "step, outcome")],
      },
      {
        title: "Steps of disks",
        unit: "ops",
        queries: [rateBy("airlock_disk_steps_total", "step, outcome")],
      },
      {
        title: "Until a job runs, 9 of 10",
        unit: "s",
        queries: [quantileBy(0.9, "airlock_job_start_delay_seconds", "gpu_type, part")],
      },
      {
        title: "Promises of a start",
        unit: "ops",
        queries: [rateBy("airlock_job_start_promises_total", "held")],
      },
      {
        title: "Snapshots",
        unit: "ops",
        queries: [rateBy("airlock_disk_snapshots_total", "outcome")],
      },
    ],
  },
  {
    title: "Cluster",
    panels: [
      {
        title: "Calls by outcome",
        unit: "reqps",
        queries: [rateBy("airlock_kubernetes_call_duration_seconds_count", "verb, outcome")],
      },
      {
        title: "Duration of calls, 99 of 100",
        unit: "s",
        queries: [quantileBy(0.99, "airlock_kubernetes_call_duration_seconds", "verb, kind")],
      },
      {
        title: "Pods without a job",
        unit: "short",
        queries: [maxBy("airlock_unknown_pods", "pod"), rateBy("airlock_orphan_pods_total", "pod")],
      },
      {
        title: "Tunnels that ended",
        unit: "ops",
        queries: [rateBy("airlock_tunnels_total", "code")],
      },
      ...LAYER,
    ],
  },
];

const SHOWN: Readonly<Record<string, readonly [Service, readonly Row[]]>> = {
  gateway: [{ job: "gateway", namespace: "gateway" }, GATEWAY],
  aux: [{ job: "aux", namespace: "aux" }, AUX],
  jobs: [{ job: "jobs", namespace: "gpu-controlplane" }, JOBS],
  processor: [{ job: "processor", namespace: "gpu-controlplane" }, PROCESSOR],
};

/** By service, as its file holds it. */
export const dashboards = (): readonly (readonly [service: string, text: string])[] =>
  Object.entries(SHOWN).map(([name, [service, rows]]) => [
    name,
    `${JSON.stringify(dashboardOf(service, [TRAFFIC, ...rows, PROCESS]), null, 2)}\n`,
  ]);
