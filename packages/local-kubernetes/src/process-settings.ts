/** The settings of the process and its log. */
import * as z from "zod";
import { describeIssues } from "./faults/fault-schema.ts";
import type { NodeSpec } from "./nodes.ts";
import { isQuantity } from "./scheduler/quantity.ts";

const LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
type Level = (typeof LEVELS)[number];

/** `name=type:gpus`, with commas between; a type without GPUs has none. */
const NODE = /^([a-z0-9][a-z0-9-]{0,62})=([a-z0-9][a-z0-9-]{0,30})(?::(\d{1,2}))?$/;

const environment = z.object({
  HOST: z.string().min(1).default("127.0.0.1").describe("Address to listen on: loopback alone."),
  PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(16_443)
    .describe("Port; 0 takes a free one."),
  LOG_LEVEL: z.enum(LEVELS).default("info").describe("Starting and stopping is logged at info."),
  LOCAL_KUBERNETES_NAMESPACE: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
    .default("jobs")
    .describe("The namespace that is there."),
  LOCAL_KUBERNETES_NODES: z
    .string()
    .default("h100-1=h100:2,h100-2=h100:2")
    .describe("Nodes as name=type:gpus, with commas between."),
  LOCAL_KUBERNETES_KUBECONFIG: z
    .string({ error: "must say where a kubeconfig with the token for it is written" })
    .min(1)
    .describe(
      "Where a kubeconfig with the token for it is written, before it says that it listens.",
    ),
  LOCAL_KUBERNETES_VOLUMES: z
    .string()
    .min(1)
    .optional()
    .describe("Folder of claims and their volumes. Unset, they go when it ends."),
});

export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly logLevel: Level;
  readonly namespace: string;
  readonly nodes: readonly NodeSpec[];
  readonly kubeconfig: string;
  readonly volumesFolder: string | undefined;
}

/** The settings, or the sentence that says what is wrong with the environment. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings | string {
  // an empty variable counts as unset
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const parsed = environment.safeParse(given);
  if (!parsed.success) return describeIssues(parsed.error);
  const { HOST: host, PORT: port, LOG_LEVEL: logLevel } = parsed.data;
  // whoever reaches the port runs commands here
  if (!isLoopback(host)) return `HOST ${host} is not a loopback address`;
  const nodes = parsed.data.LOCAL_KUBERNETES_NODES.split(",").map(nodeOf);
  if (nodes.includes(undefined)) {
    return "LOCAL_KUBERNETES_NODES: must be name=type:gpus, with commas between";
  }
  return {
    host,
    port,
    logLevel,
    namespace: parsed.data.LOCAL_KUBERNETES_NAMESPACE,
    nodes: nodes.filter((node) => node !== undefined),
    kubeconfig: parsed.data.LOCAL_KUBERNETES_KUBECONFIG,
    volumesFolder: parsed.data.LOCAL_KUBERNETES_VOLUMES,
  };
}

function nodeOf(text: string): NodeSpec | undefined {
  const [, name, type, gpus = "0"] = NODE.exec(text.trim()) ?? [];
  if (name === undefined || type === undefined || !isQuantity(gpus)) return undefined;
  const labels = { GpuType: type };
  if (gpus === "0") return { name, labels };
  return {
    name,
    labels,
    taints: [{ key: "nvidia.com/gpu", effect: "NoSchedule" }],
    allocatable: { "nvidia.com/gpu": gpus },
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** One JSON object a line on standard output. */
export class ProcessLog {
  readonly #threshold: number;

  constructor(level: Level) {
    this.#threshold = LEVELS.indexOf(level);
  }

  write(level: Exclude<Level, "silent">, fields: Readonly<Record<string, unknown>>): void {
    if (LEVELS.indexOf(level) < this.#threshold) return;
    const line = { time: new Date().toISOString(), level, service: "local-kubernetes", ...fields };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
}
