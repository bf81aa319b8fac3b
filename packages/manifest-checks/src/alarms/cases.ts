/** When each alarm fires and when it does not, as series of a scrape every half minute. */

import {
  age,
  answers,
  awsCalls,
  breaker,
  build,
  callers,
  clusterCalls,
  diskOperationAge,
  keysAge,
  logins,
  longestWait,
  orders,
  orphans,
  policy,
  promises,
  proofs,
  queue,
  refreshes,
  refusedByAws,
  rolloutFile,
  roundAge,
  type Series,
  snapshots,
  starts,
  steppedBack,
  steps,
  taken,
  unknownPods,
  waiting,
} from "./series.ts";

export interface Case {
  readonly alarm: string;
  readonly title: string;
  /** Labels of the alarm beside `job`, `namespace` and the rule's own; false for silence. */
  readonly fires: Readonly<Record<string, string>> | false;
  /** Read at the first pod of each service. */
  readonly series: Readonly<Record<string, readonly Series[]>>;
  /** Read at the second pod; the same as at the first one unless said otherwise. */
  readonly atSecond?: Readonly<Record<string, readonly Series[]>>;
  /** Default 20 minutes. */
  readonly atMinute?: number;
}

const SERVICES = ["gateway", "aux", "jobs", "processor"] as const;
type Service = (typeof SERVICES)[number];

const capital = (service: Service): string => service[0]?.toUpperCase() + service.slice(1);

const ofService = (service: Service): Case[] => {
  const name = capital(service);
  const others = Object.fromEntries(
    SERVICES.filter((other) => other !== service).map((other) => [other, [build]]),
  );
  return [
    {
      alarm: `Airlock${name}ErrorRatio`,
      title: "10 % of the answers are 503",
      fires: {},
      series: { [service]: [answers("200", "0+90x40"), answers("503", "0+10x40")] },
    },
    {
      alarm: `Airlock${name}ErrorRatio`,
      title: "4 % are 502, clients err, and a pod is not ready",
      fires: false,
      series: {
        [service]: [
          answers("200", "0+90x40"),
          answers("404", "0+90x40"),
          answers("502", "0+4x40"),
          answers("503", "0+90x40", "/readyz"),
        ],
      },
    },
    { alarm: `Airlock${name}Unseen`, title: "only others are read", fires: {}, series: others },
    {
      alarm: `Airlock${name}Unseen`,
      title: "it is read",
      fires: false,
      series: { [service]: [build] },
    },
  ];
};

const layerOf = (service: Service): Case[] => {
  const alarm = `Airlock${capital(service)}LayerRefused`;
  return [
    {
      alarm,
      title: "2 % of the requests come without a proof",
      fires: {},
      series: { [service]: [proofs("verified", "0+98x40"), proofs("missing", "0+2x40")] },
    },
    {
      alarm,
      title: "one in two hundred is of an old token",
      fires: false,
      series: { [service]: [proofs("verified", "0+199x40"), proofs("expired", "0+1x40")] },
    },
    {
      alarm,
      title: "nobody is refused",
      fires: false,
      series: { [service]: [proofs("verified", "0+10x40")] },
    },
  ];
};

/** The keys as a scrape sees them: read every ten minutes. */
const READ = "0+30x19 0+30x19 0+30x80";

const keysOf = (service: Service): Case[] => {
  const of = service === "gateway" ? "caller" : "layer";
  const alarm = `Airlock${capital(service)}KeysAge`;
  return [
    {
      alarm,
      title: "the issuer is away for one of two pods",
      fires: {},
      series: { [service]: [keysAge(of, "0+30x80")] },
      atSecond: { [service]: [keysAge(of, READ)] },
      atMinute: 28,
    },
    {
      alarm,
      title: "they were never read",
      fires: {},
      series: { [service]: [keysAge(of, Array(60).fill("Inf").join(" "))] },
    },
    {
      alarm,
      title: "they were read at the second attempt",
      fires: false,
      series: { [service]: [keysAge(of, READ)] },
      atMinute: 30,
    },
  ];
};

export const CASES: readonly Case[] = [
  ...SERVICES.flatMap(ofService),
  ...(["aux", "jobs", "processor"] as const).flatMap(layerOf),
  ...SERVICES.flatMap(keysOf),
  {
    alarm: "AirlockSessionAge",
    title: "one of two pods cannot renew its session",
    fires: {},
    series: { aux: [refreshes("0x30 1+4x20")] },
    atSecond: { aux: [refreshes("0x60")] },
  },
  {
    alarm: "AirlockSessionAge",
    title: "a session of 15 minutes, renewed at the second attempt",
    fires: false,
    series: {
      aux: [
        refreshes("0x35 1 1 0x10"),
        ["airlock_aws_session_expires_in_seconds", {}, "900-30x19 900-30x19 900-30x10"],
      ],
    },
  },
  {
    alarm: "AirlockThrottling",
    title: "SSM throttles 5 % of its calls",
    fires: {},
    series: {
      aux: [
        awsCalls("s3", "ok", "0+10x40"),
        awsCalls("ssm", "ok", "0+85x40"),
        awsCalls("ssm", "aws_throttled", "0+5x40"),
      ],
    },
  },
  {
    alarm: "AirlockThrottling",
    title: "STS is down, S3 and SSM throttle one call in two hundred",
    fires: false,
    series: {
      aux: [
        awsCalls("ssm", "ok", "0+199x40"),
        awsCalls("ssm", "aws_throttled", "0+1x40"),
        awsCalls("sts", "aws_throttled", "0+30x40"),
      ],
    },
  },
  {
    alarm: "AirlockPolicyStale",
    title: "the file cannot be used at one of two pods",
    fires: {},
    series: { aux: [policy("1x20 0x40")] },
    atSecond: { aux: [policy("1x60")] },
  },
  {
    alarm: "AirlockPolicyStale",
    title: "the file was bad for a minute",
    fires: false,
    series: { aux: [policy("1x37 0 0 1x40")] },
  },
  {
    alarm: "AirlockSigningSessionAge",
    title: "one of two pods cannot renew its session",
    fires: {},
    series: { gateway: [refreshes("0x30 1+4x20")] },
    atSecond: { gateway: [refreshes("0x60")] },
  },
  {
    alarm: "AirlockSigningSessionAge",
    title: "renewed at the second attempt",
    fires: false,
    series: { gateway: [refreshes("0x35 1 1 0x10")] },
  },
  {
    alarm: "AirlockExecutionApiRefuses",
    title: "the role may not invoke it any more",
    fires: { error_type: "AccessDeniedException" },
    series: { gateway: [refusedByAws("AccessDeniedException", "0x20 1+1x40")] },
  },
  {
    alarm: "AirlockExecutionApiRefuses",
    title: "one session ended early, and it is throttled all the time",
    fires: false,
    series: {
      gateway: [
        refusedByAws("ExpiredTokenException", "0x20 1x40"),
        refusedByAws("TooManyRequestsException", "0+50x60"),
      ],
    },
  },
  {
    alarm: "AirlockRolloutSteppedBack",
    title: "one of two pods has",
    fires: { gate: "slow" },
    series: {
      gateway: [
        steppedBack("break", "0x60"),
        steppedBack("drift", "0x60"),
        steppedBack("slow", "0x20 1x40"),
      ],
    },
    atSecond: { gateway: [steppedBack("slow", "0x60")] },
  },
  {
    alarm: "AirlockRolloutSteppedBack",
    title: "it had, and the file has changed since",
    fires: false,
    series: { gateway: [steppedBack("break", "1x30 0x30"), steppedBack("drift", "0x60")] },
  },
  {
    alarm: "AirlockRolloutStale",
    title: "the file cannot be used at one of two pods",
    fires: {},
    series: { gateway: [rolloutFile("1x20 0x40")] },
    atSecond: { gateway: [rolloutFile("1x60")] },
  },
  {
    alarm: "AirlockRolloutStale",
    title: "the file was bad for a minute",
    fires: false,
    series: { gateway: [rolloutFile("1x37 0 0 1x40")] },
  },
  {
    alarm: "AirlockUpstreamOpen",
    title: "jobs does not answer, aux does",
    fires: { upstream: "jobs" },
    series: { gateway: [breaker("aux", "0x60"), breaker("jobs", "0x30 1x30")] },
  },
  {
    alarm: "AirlockUpstreamOpen",
    title: "it was open for half a minute",
    fires: false,
    series: { gateway: [breaker("aux", "0x38 1 0x30"), breaker("jobs", "0x60")] },
  },
  {
    alarm: "AirlockCallersRefused",
    title: "the issuer has new keys that nobody told us of",
    fires: {},
    series: { gateway: [callers("verified", "0+5x60"), callers("unknown_key", "0+20x60")] },
    atMinute: 30,
  },
  {
    alarm: "AirlockCallersRefused",
    title: "a scanner without tokens, and a client in ten with an old one",
    fires: false,
    series: {
      gateway: [
        callers("missing", "0+1000x60"),
        callers("verified", "0+90x60"),
        callers("expired", "0+10x60"),
      ],
    },
    atMinute: 30,
  },
  {
    alarm: "AirlockCallersRefused",
    title: "one client with an old token, at night",
    fires: false,
    series: { gateway: [callers("expired", "0+1x60")] },
    atMinute: 30,
  },
  {
    alarm: "AirlockJobsDatabase",
    title: "no pod knows anything of its queues",
    fires: {},
    series: { jobs: [build, age("0x20 _x60")] },
  },
  {
    alarm: "AirlockJobsDatabase",
    title: "one of two pods knows",
    fires: false,
    series: { jobs: [build] },
    atSecond: { jobs: [build, age("0x60")] },
  },
  {
    alarm: "AirlockQueueAge",
    title: "who took messages has stopped",
    fires: { queue },
    series: { jobs: [age("0x120 0+30x200"), taken("1x120 0x200")] },
    atMinute: 150,
  },
  {
    alarm: "AirlockQueueAge",
    title: "nobody has ever taken any",
    fires: false,
    series: { jobs: [age("0+30x300"), taken("0x300")] },
    atMinute: 120,
  },
  {
    alarm: "AirlockQueueAge",
    title: "what waits is taken within ten minutes",
    fires: false,
    series: { jobs: [age("0+30x19 0+30x19 0+30x19"), taken("1x60")] },
    atMinute: 29,
  },
  {
    alarm: "AirlockLoginsFailing",
    title: "STS cannot be reached",
    fires: {},
    series: { jobs: [logins("ok", "0x60"), logins("sts_unavailable", "0+1x60")] },
    atMinute: 30,
  },
  {
    alarm: "AirlockLoginsFailing",
    title: "one person tries four times, with the wrong role",
    fires: false,
    series: { jobs: [logins("role", "0x40 1 2 3 4x60"), logins("ok", "0x60")] },
    atMinute: 30,
  },
  {
    alarm: "AirlockProcessorIdle",
    title: "no pod ever had a database",
    fires: { loop: "duties" },
    series: { processor: [build, roundAge("duties", "0+30x60")] },
  },
  {
    alarm: "AirlockProcessorIdle",
    title: "one loop does not come to its end any more, and others do",
    fires: { loop: "reconcile" },
    series: { processor: [roundAge("duties", "4x60"), roundAge("reconcile", "1x9 0+30x50")] },
  },
  {
    alarm: "AirlockProcessorIdle",
    title: "one of two pods only ends its tunnels; the other had no database for a few minutes",
    fires: false,
    series: { processor: [roundAge("duties", "0+30x60")] },
    atSecond: { processor: [roundAge("duties", "0x21 0+30x15 4x40")] },
  },
  {
    alarm: "AirlockClusterRefuses",
    title: "a right is missing, at whichever pod",
    fires: { outcome: "forbidden" },
    series: {
      processor: [
        clusterCalls("create", "ok", "0+20x60"),
        clusterCalls("create", "forbidden", "0+1x60"),
      ],
    },
    atMinute: 30,
  },
  {
    alarm: "AirlockClusterRefuses",
    title: "one token was too old, once",
    fires: false,
    series: {
      processor: [
        clusterCalls("list", "ok", "0+20x60"),
        clusterCalls("list", "unauthorized", "0x10 1x50"),
      ],
    },
    atMinute: 30,
  },
  {
    alarm: "AirlockClusterErrors",
    title: "the API server does not answer",
    fires: {},
    series: {
      processor: [clusterCalls("get", "ok", "0x60"), clusterCalls("get", "unavailable", "0+5x60")],
    },
    atMinute: 30,
  },
  {
    alarm: "AirlockClusterErrors",
    title: "one call in ten is throttled, and names are taken",
    fires: false,
    series: {
      processor: [
        clusterCalls("get", "ok", "0+9x60"),
        clusterCalls("get", "throttled", "0+1x60"),
        clusterCalls("create", "already_exists", "0+90x60"),
      ],
    },
    atMinute: 30,
  },
  {
    alarm: "AirlockStepsFault",
    title: "nothing can be done for jobs",
    fires: {},
    series: { processor: [steps("done", "0+1x80"), steps("faulted", "0+4x80")] },
    atMinute: 30,
  },
  {
    alarm: "AirlockStepsFault",
    title: "one job's pod is refused, and tried again once a minute",
    fires: false,
    series: { processor: [steps("done", "0x80"), steps("faulted", "0 0 0 0 1 1 2 2x70")] },
    atMinute: 30,
  },
  {
    alarm: "AirlockOrdersDead",
    title: "the first order of all that is put aside",
    fires: { action: "extend" },
    series: {
      processor: [orders("extend", "done", "0+1x80"), orders("extend", "dead", "_x40 1x40")],
    },
    atMinute: 30,
  },
  {
    alarm: "AirlockOrdersDead",
    title: "one was put aside hours ago, and others were read twice",
    fires: false,
    series: {
      processor: [
        orders("extend", "done", "0+1x300"),
        orders("extend", "dead", "1x300"),
        orders("cancel", "lost", "0+1x300"),
      ],
    },
    atMinute: 120,
  },
  {
    alarm: "AirlockDiskSnapshotsFail",
    title: "the first snapshot of all fails",
    fires: {},
    series: { processor: [snapshots("ready", "0+1x80"), snapshots("failed", "_x40 1x40")] },
    atMinute: 30,
  },
  {
    alarm: "AirlockDiskSnapshotsFail",
    title: "one failed hours ago, and others are taken",
    fires: false,
    series: { processor: [snapshots("ready", "0+1x300"), snapshots("failed", "1x300")] },
    atMinute: 120,
  },
  {
    alarm: "AirlockDiskOperationAge",
    title: "nobody carries a change of a disk out",
    fires: {},
    series: { jobs: [diskOperationAge("0+30x400")] },
    atMinute: 180,
  },
  {
    alarm: "AirlockDiskOperationAge",
    title: "changes end, a large snapshot after an hour",
    fires: false,
    series: { jobs: [diskOperationAge("0+30x120 0x60 0+30x120")] },
    atMinute: 150,
  },
  {
    alarm: "AirlockUnknownPods",
    title: "the database was restored",
    fires: {},
    series: { processor: [unknownPods("3x80")] },
    atSecond: { processor: [unknownPods("0x80")] },
    atMinute: 30,
  },
  {
    alarm: "AirlockUnknownPods",
    title: "a pod was seen before its row, once",
    fires: false,
    series: { processor: [unknownPods("0x10 1 1 1 0x60")] },
    atMinute: 30,
  },
  {
    alarm: "AirlockJobsNotPlaced",
    title: "there is room for two jobs, and nobody starts them",
    fires: { gpu_type: "h100" },
    series: { jobs: [waiting("starts_now", "2x80"), waiting("others_first", "5x80")] },
    atMinute: 30,
  },
  {
    alarm: "AirlockJobsNotPlaced",
    title: "one is about to start at each look, and others wait",
    fires: false,
    series: {
      jobs: [waiting("starts_now", "1 1 0 1 0 0 1 1 0x80"), waiting("no_free_node", "9x80")],
    },
    atMinute: 30,
  },
  {
    alarm: "AirlockClusterUnseen",
    title: "jobs wait, and nobody looks",
    fires: {},
    series: { jobs: [waiting("cluster_unseen", "4x80")] },
    atMinute: 30,
  },
  {
    alarm: "AirlockClusterUnseen",
    title: "processors are started anew, and look again",
    fires: false,
    series: { jobs: [waiting("cluster_unseen", "4x12 _x60"), waiting("others_first", "4x80")] },
    atMinute: 30,
  },
  {
    alarm: "AirlockWaitsLong",
    title: "one waits for a day and a half",
    fires: { gpu_type: "h100" },
    series: { jobs: [longestWait("129000+30x200")] },
    atMinute: 60,
  },
  {
    alarm: "AirlockWaitsLong",
    title: "one waits for a day, then has its node",
    fires: false,
    series: { jobs: [longestWait("86400+30x60 0x140")] },
    atMinute: 60,
  },
  {
    alarm: "AirlockStartsSlow",
    title: "twelve an hour, twenty minutes each",
    fires: { gpu_type: "h100" },
    series: { processor: starts("0+0.1x300", "0+120x300") },
    atSecond: { processor: starts("0x300", "0x300") },
    atMinute: 120,
  },
  {
    alarm: "AirlockStartsSlow",
    title: "one of a large image took half an hour, and others a minute each",
    fires: false,
    series: { processor: starts("0x100 1x20 2+1x180", "0x100 1800x20 1860+60x180") },
    atMinute: 120,
  },
  {
    alarm: "AirlockPromisesBroken",
    title: "half of them are late",
    fires: {},
    series: { processor: [promises("p50", "0+1x300"), promises("none", "0+1x300")] },
    atMinute: 120,
  },
  {
    alarm: "AirlockPromisesBroken",
    title: "one in ten is late; and the first two of a day both were",
    fires: false,
    series: {
      processor: [
        promises("p50", "0+5x300"),
        promises("p90", "0+4x300"),
        promises("none", "2+1x300"),
      ],
    },
    atMinute: 120,
  },
  {
    alarm: "AirlockOrphanPods",
    title: "one each few minutes",
    fires: {},
    series: { processor: [orphans("0+0.2x300")] },
    atMinute: 90,
  },
  {
    alarm: "AirlockOrphanPods",
    title: "two, after a processor was killed",
    fires: false,
    series: { processor: [orphans("0x60 2x240")] },
    atMinute: 90,
  },
];

/** All is well, and nobody serves the queue: none of the alarms fires, at any time of two hours. */
export const HEALTHY: Readonly<Record<Service, readonly Series[]>> = {
  gateway: [
    build,
    answers("200", "0+100x300"),
    answers("401", "0+1x300"),
    breaker("aux", "0x300"),
    breaker("jobs", "0x300"),
    callers("verified", "0+100x300"),
    callers("missing", "0+1x300"),
    keysAge("caller", "600x300"),
  ],
  aux: [
    build,
    answers("200", "0+100x300"),
    awsCalls("ssm", "ok", "0+10x300"),
    awsCalls("s3", "ok", "0+10x300"),
    awsCalls("sts", "ok", "0x300"),
    refreshes("0x300"),
    ["airlock_aws_session_expires_in_seconds", {}, "1200x300"],
    policy("1x300"),
    proofs("verified", "0+100x300"),
    keysAge("layer", "600x300"),
  ],
  jobs: [
    build,
    answers("200", "0+100x300"),
    age("0+30x300"),
    taken("0x300"),
    logins("ok", "0+1x300"),
    proofs("verified", "0+100x300"),
    keysAge("layer", "600x300"),
    waiting("others_first", "3x300"),
    longestWait("0+30x300"),
  ],
  processor: [
    build,
    answers("200", "0+1x300"),
    roundAge("duties", "4x300"),
    clusterCalls("get", "ok", "0+10x300"),
    clusterCalls("create", "already_exists", "0+1x300"),
    steps("done", "0+10x300"),
    orders("create", "done", "0+1x300"),
    unknownPods("0x300"),
    orphans("0x300"),
    promises("p50", "0+5x300"),
    promises("p90", "0+4x300"),
    promises("none", "0+1x300"),
    ...starts("0+1x300", "0+60x300"),
    proofs("verified", "0+1x300"),
    keysAge("layer", "600x300"),
  ],
};
export const HEALTHY_AT_MINUTES = [10, 30, 60, 120];
