/** What the processor reads from its environment. */
import {
  commonSettings,
  type EnvironmentName,
  integer,
  onOff,
  port,
  type Rule,
  serviceName,
  tunnelSettings,
  withRules,
  word,
} from "@airlock/config";
import { isImageReference } from "@airlock/contract";
import { layerVerifySettings, withLayerVerifyRules } from "@airlock/identity";
import { placementSettings, storeSettings, withStoreRules } from "@airlock/jobs-store";
import * as z from "zod";
import type { DiskRules } from "./disks/disk-rules.ts";
import type { PodRules } from "./pod/pod-wish.ts";
import { LIMITS, type Limits } from "./reconcile/job-view.ts";

const minutes = z
  .string()
  .regex(/^\d{1,4}(,\d{1,4})*$/, { error: "must be numbers of minutes by comma, such as 30,15,5" })
  .transform((text) =>
    text
      .split(",")
      .map(Number)
      .toSorted((a, b) => b - a),
  );

/** The name stands in the path, so that it is part of no host's. */
const KEYS_URL = /^https?:\/\/[^/?#@\s{}]+\/[^#\s{}]*\{user\}[^#\s{}]*$/i;

const keysUrl = z
  .string()
  .refine((text) => text === "off" || (KEYS_URL.test(text) && URL.canParse(text)), {
    error: "must be off, or an https URL with {user} in its path once (http in dev)",
  });

/** Kubernetes, "Labels and Selectors"; gates are qualified names as well. */
const PREFIX = "([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?";
const NAME = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?";
const LABEL = new RegExp(`^(${PREFIX}${NAME})=((?:${NAME})?)$`);
const GATE = new RegExp(`^${PREFIX}${NAME}$`);

const words = (text: string): string[] =>
  text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");

const labels = z
  .string()
  .refine((text) => words(text).every((word) => LABEL.test(word)), {
    error: "must be labels by comma, such as kueue.x-k8s.io/queue-name=gpu-jobs",
  })
  .refine((text) => !words(text).some((word) => /^(airlock\/|app\.kubernetes\.io\/)/.test(word)), {
    error: "must not name labels of ours: airlock/… and app.kubernetes.io/…",
  })
  .transform((text) =>
    Object.fromEntries(words(text).map((word) => word.split("=") as [string, string])),
  );

const gates = z
  .string()
  .refine((text) => words(text).every((word) => GATE.test(word)), {
    error: "must be names by comma, such as kueue.x-k8s.io/admission",
  })
  .transform(words);

const fields = z.object({
  SERVICE_NAME: serviceName("processor"),
  ...commonSettings,
  ...tunnelSettings,
  PORT: port().default(8002).describe("Port of the service."),
  ...layerVerifySettings,
  ...storeSettings,
  ENV_VARS_KEYS_FILE: z
    .string()
    .optional()
    .describe(
      "The keys that jobs encrypts env_vars with, the same file. Unset, in dev, no job that has variables can start.",
    ),
  KUBECONFIG: z
    .string()
    .optional()
    .describe(
      "A kubeconfig file of its own. Unset means the cluster that it runs in, as its service account.",
    ),
  KUBECONFIG_CONTEXT: z
    .string()
    .optional()
    .describe("Context of the kubeconfig. Unset means its current one."),
  JOBS_NAMESPACE: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, { error: "must be the name of a namespace" })
    .default("gpu-dev")
    .describe("Namespace of the jobs' pods, which holds nothing else."),
  POD_SECURITY: word(["restricted", "baseline"])
    .default("restricted")
    .describe("restricted: pods run as user 1000 without rights; baseline: as their image's user."),
  DEVBOX_IMAGE: z
    .string()
    .refine(isImageReference, { error: "must be the name of an image" })
    .optional()
    .describe(
      "Image of the tools (SERVICE=devbox) that are brought into each pod: start script and sshd. Unset, in dev alone, pods have neither.",
    ),
  SSH_ACCESS: word(["nodeport", "tunnel", "both"])
    .optional()
    .describe(
      "How jobs are reached by SSH: tunnel, through the API alone; nodeport or both, by a port of the node as well. Unset means nodeport in dev, tunnel elsewhere.",
    ),
  SSH_USER: z
    .string()
    .regex(/^[a-z_][a-z0-9_.-]{0,31}$/i, { error: "must be the name of a user" })
    .default("dev")
    .describe(
      "Who logs in, as ssh_command says it: dev, but where local-kubernetes plays the cluster.",
    ),
  SSH_KEYS_URL: keysUrl
    .default("https://github.com/{user}.keys")
    .describe(
      "Where the SSH keys of GITHUB_USER are shown, {user} being the name; off: nowhere. Redirects are not followed.",
    ),
  JOB_POD_LABELS: labels
    .default({})
    .describe(
      "Labels of jobs' pods beside their own, `name=value` by comma, such as the queue of another scheduler.",
    ),
  JOB_SCHEDULING_GATES: gates
    .default([])
    .describe(
      "Scheduling gates of jobs' pods by comma: none is scheduled before somebody else has taken them away.",
    ),
  DISK_STORAGE_CLASS: z
    .string()
    .regex(/^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/, {
      error: "must be the name of a storage class",
    })
    .optional()
    .describe("Storage class of users' disks. Unset means the cluster's default one."),
  DISK_SNAPSHOT_CLASS: z
    .string()
    .regex(/^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/, {
      error: "must be off, or the name of a volume snapshot class",
    })
    .optional()
    .describe(
      "Class of the snapshots of users' disks; off: none are taken, as with a driver that has none. Unset means the driver's default one.",
    ),
  SNAPSHOTS_KEEP: integer(1, 1000)
    .default(3)
    .describe("So many snapshots of a disk are kept, the newest ones, whatever their age."),
  SNAPSHOTS_KEEP_DAYS: integer(0, 3650)
    .default(7)
    .describe("Snapshots that are younger are kept as well; 0: the newest ones alone."),
  DISK_CONTENT: onOff()
    .default(true)
    .describe("List what is in the newest snapshot of a disk, by a short pod on a volume of it."),
  COUNT_FOREIGN_PODS: onOff()
    .default(false)
    .describe(
      "Count what pods of other namespaces take of the nodes; it needs the right to list all pods.",
    ),
  LEASE_SECONDS: integer(2, 300)
    .default(30)
    .describe("How long a job is one processor's; after a crash another one takes over then."),
  JOBS_AT_ONCE: integer(1, 200).default(16).describe("Jobs that one processor works on at once."),
  POLL_INTERVAL_MS: integer(20, 60_000)
    .default(1000)
    .describe("How often the queue and due jobs are looked for, whatever is heard."),
  ...placementSettings,
  MAX_JOB_HOURS: integer(1, 8760)
    .default(72)
    .describe(
      "Hours that a job may run, counted from its launch, with all its extensions. The same for jobs and processor.",
    ),
  MAX_QUEUE_HOURS: integer(1, 8760).default(48).describe("Longest wait of a job for a node."),
  MAX_PREPARING_MINUTES: integer(1, 1440)
    .default(60)
    .describe("Longest time from a job's node to its pod's start, pulls included."),
  WARNING_MINUTES: minutes
    .default([30, 15, 5])
    .describe("Minutes before a job's end at which it is warned, by comma."),
  EXPIRY_GRACE_SECONDS: integer(0, 3600)
    .default(120)
    .describe("Time that a job has beyond its end."),
  NODE_LOST_SECONDS: integer(10, 86_400)
    .default(300)
    .describe("How long a node may be silent before its jobs are ended."),
});

interface Fields extends Partial<z.output<typeof fields>> {
  readonly ENVIRONMENT?: EnvironmentName;
}

const RULES: readonly Rule<Fields>[] = [
  {
    key: "ENV_VARS_KEYS_FILE",
    message: "is needed outside dev: jobs' variables are sealed with its keys",
    isBroken: (s) => s.ENVIRONMENT !== "dev" && s.ENV_VARS_KEYS_FILE === undefined,
  },
  {
    key: "DEVBOX_IMAGE",
    message: "is needed outside dev: without its tools nobody can log in to a job",
    isBroken: (s) => s.ENVIRONMENT !== "dev" && s.DEVBOX_IMAGE === undefined,
  },
  {
    key: "SSH_KEYS_URL",
    message: "must begin with https outside dev: who answers in its place logs in to jobs",
    isBroken: (s) => s.ENVIRONMENT !== "dev" && /^http:/i.test(s.SSH_KEYS_URL ?? ""),
  },
];

export const settingsSchema = withLayerVerifyRules(withStoreRules(withRules(fields, RULES)));
export type Settings = Readonly<z.infer<typeof settingsSchema>>;

/** Whether each job has a Service of type NodePort. Tunnels there are always. */
export const hasNodePorts = ({ SSH_ACCESS, ENVIRONMENT }: Settings): boolean =>
  (SSH_ACCESS ?? (ENVIRONMENT === "dev" ? "nodeport" : "tunnel")) !== "tunnel";

export const limitsOf = (settings: Settings): Limits => ({
  ...LIMITS,
  queueHours: settings.MAX_QUEUE_HOURS,
  preparingMinutes: settings.MAX_PREPARING_MINUTES,
  expiryGraceSeconds: settings.EXPIRY_GRACE_SECONDS,
  warningMinutes: settings.WARNING_MINUTES,
  nodeLostSeconds: settings.NODE_LOST_SECONDS,
});

export const diskRulesOf = (settings: Settings): DiskRules => ({
  storageClass: settings.DISK_STORAGE_CLASS,
  takesSnapshots: settings.DISK_SNAPSHOT_CLASS !== "off",
  snapshotClass: settings.DISK_SNAPSHOT_CLASS,
  retention: { newest: settings.SNAPSHOTS_KEEP, days: settings.SNAPSHOTS_KEEP_DAYS },
  readsContent: settings.DISK_CONTENT,
  security: settings.POD_SECURITY,
  toolsImage: settings.DEVBOX_IMAGE,
});

/** For what happens after a job's end, before its pod is gone. */
const SPARE_SECONDS = 3600;

/** A pod may live as long as any extension may reach, with the time before and after it. */
export const podRulesOf = (settings: Settings): PodRules => ({
  security: settings.POD_SECURITY,
  nodeLostSeconds: settings.NODE_LOST_SECONDS,
  toolsImage: settings.DEVBOX_IMAGE,
  labels: settings.JOB_POD_LABELS,
  schedulingGates: settings.JOB_SCHEDULING_GATES,
  maxLifeSeconds:
    settings.MAX_JOB_HOURS * 3600 +
    settings.MAX_PREPARING_MINUTES * 60 +
    settings.EXPIRY_GRACE_SECONDS +
    SPARE_SECONDS,
});
