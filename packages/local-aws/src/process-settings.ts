// The settings of the process and its log.

import { z } from "zod";
import type { CallLine } from "./calls.ts";
import { describeIssues } from "./faults/fault-schema.ts";

const LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
type Level = (typeof LEVELS)[number];

const environment = z.object({
  HOST: z.string().min(1).default("127.0.0.1").describe("Address to listen on."),
  PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(4566)
    .describe("Port; 0 takes a free one."),
  LOG_LEVEL: z.enum(LEVELS).default("info").describe("Calls are logged at info."),
  LOCAL_AWS_ALLOW_REMOTE: z
    .enum(["0", "1"])
    .default("0")
    .describe("1 allows an address other machines can reach, as a container needs."),
  LOCAL_AWS_FOLDER: z
    .string()
    .optional()
    .describe("Where parameters and objects are kept; unset keeps them in memory."),
  LOCAL_AWS_SEED: z
    .string()
    .optional()
    .describe("A folder with parameters.yaml and objects/<bucket>/<key> to begin with."),
});

export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly logLevel: Level;
  readonly folder: string | undefined;
  readonly seedFolder: string | undefined;
}

/** The settings, or the sentence that says what is wrong with the environment. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings | string {
  // An empty variable counts as unset.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const parsed = environment.safeParse(given);
  if (!parsed.success) return describeIssues(parsed.error);
  const { HOST: host, PORT: port, LOG_LEVEL: logLevel, LOCAL_AWS_ALLOW_REMOTE } = parsed.data;
  if (!isLoopback(host) && LOCAL_AWS_ALLOW_REMOTE !== "1") {
    return `HOST ${host} is not a loopback address; set LOCAL_AWS_ALLOW_REMOTE=1 to allow it`;
  }
  const { LOCAL_AWS_FOLDER: folder, LOCAL_AWS_SEED: seedFolder } = parsed.data;
  return { host, port, logLevel, folder, seedFolder };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** One JSON object a line on standard output. */
export class ProcessLog {
  private readonly threshold: number;

  constructor(level: Level) {
    this.threshold = LEVELS.indexOf(level);
  }

  write(level: Exclude<Level, "silent">, fields: Readonly<Record<string, unknown>>): void {
    if (LEVELS.indexOf(level) < this.threshold) return;
    const line = { time: new Date().toISOString(), level, service: "local-aws", ...fields };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }

  call({ service, operation, status, durationMs }: CallLine): void {
    this.write("info", {
      operation: `${service}.${operation}`,
      status,
      duration_ms: durationMs,
    });
  }
}
