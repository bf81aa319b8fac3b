/** What `reserve` and `submit` send: the flags of a command line as the body of a submission. */
import type { Availability } from "@airlock/contract";
import type { Api } from "../api/api.ts";
import { usageError } from "../cli-error.ts";
import type { Flags, ValuesOf } from "../command.ts";
import type { Context } from "../context.ts";
import { ownPublicKey } from "../ssh/own-key.ts";
import { chooseType, countOf } from "./gpu-wish.ts";
import { hoursOf } from "./hours.ts";
import { shellLine } from "./shell-words.ts";
import { variablesOf } from "./variables.ts";

export const SUBMIT_FLAGS = {
  gpus: { wire: "env_vars.GPU_COUNT", value: "N", short: "g", about: "GPUs, all on one node (1)" },
  type: {
    wire: "env_vars.GPU_TYPE",
    value: "TYPE",
    short: "t",
    about: "type of GPUs; else the configured, only or freest one",
    names: "gpu type",
  },
  instance: { wire: "instance_type", value: "TYPE", about: "machine, such as p5.48xlarge" },
  hours: {
    wire: "duration_hours",
    value: "HOURS",
    short: "h",
    about: "how long: 4, 0.5, 90m or 1h30m (8)",
  },
  name: { wire: "env_vars.POD_NAME", value: "NAME", short: "n", about: "a name for people" },
  image: {
    wire: "image",
    value: "IMAGE",
    about: "container image; else the configured one, else the installation's",
  },
  command: { wire: "command", value: "TEXT", about: "ends the job when it ends; /bin/sh reads it" },
  keep: { wire: "keep", about: "go on after the command, as a box" },
  disk: {
    wire: "disk_name",
    value: "NAME",
    about: "your disk, made where there is none of this name; none: no disk",
    names: "disk",
  },
  "disk-size": { wire: "disk_size_gb", value: "GB", about: "size of a disk that is made" },
  env: {
    wire: "env_vars",
    value: "NAME[=VALUE]",
    short: "e",
    many: true,
    about: "a variable of the job; without a value this shell's",
  },
  "env-file": {
    value: "FILE",
    many: true,
    about: "variables, a line each: NAME=VALUE",
    names: "file",
  },
  jupyter: { about: "with Jupyter Lab" },
  port: {
    wire: "ports",
    value: "PORT",
    many: true,
    about: "a port of the job that port-forward may reach",
  },
  "github-user": {
    wire: "env_vars.GITHUB_USER",
    value: "NAME",
    about: "whose SSH keys at GitHub may log in as well",
  },
  "dry-run": { about: "say what would become of it, and submit nothing" },
} as const satisfies Flags;
export type SubmitValues = ValuesOf<typeof SUBMIT_FLAGS>;

export interface Submission {
  readonly image?: string;
  readonly instance_type?: string;
  readonly duration_hours: number;
  readonly disk_name?: string;
  readonly disk_size_gb?: number;
  readonly command?: string;
  readonly keep?: true;
  readonly ports?: readonly number[];
  readonly ssh_public_keys?: readonly string[];
  /** Orders, and behind them the job's own variables. */
  readonly env_vars: Readonly<Record<string, string>>;
}

const DEFAULT_HOURS = "8";
/** As the seed's client takes it: no disk, and none of this name. */
const NO_DISK = "none";

/** @param words a command behind `--`. @throws CliError */
export async function submissionOf(
  values: SubmitValues,
  words: readonly string[],
  context: Context,
): Promise<Submission> {
  const { env, output } = context;
  const config = await context.config();
  const command = commandOf(values.command, words);
  if (values.keep && command === undefined) throw usageError("--keep goes with a --command.");
  const count = countOf(values.gpus);
  const type = (values.type ?? (values.instance ? undefined : config.gpu_type))?.toLowerCase();
  const wish = { type, instance: values.instance, count };
  const hours = hoursOf(values.hours ?? DEFAULT_HOURS, "--hours");
  const variables = await variablesOf(values.env, values["env-file"], env);
  const size = sizeOf(values["disk-size"]);
  const disk = values.disk === NO_DISK ? undefined : values.disk;
  if (size !== undefined && disk === undefined) throw usageError("--disk-size goes with --disk.");
  const ports = values.port.map(portOf);
  const chosen = chooseType(wish, await typesOf(await context.api()));
  if (chosen?.why) output.note(`GPU type ${chosen.type}: ${chosen.why}.`);
  const image = values.image ?? config.image;
  const githubUser = values["github-user"] ?? config.github_user;
  const key = values["dry-run"] ? undefined : await ownPublicKey(context);
  return {
    ...(image !== undefined && { image }),
    ...(values.instance !== undefined && { instance_type: values.instance }),
    duration_hours: hours,
    ...(disk !== undefined && { disk_name: disk }),
    ...(size !== undefined && { disk_size_gb: size }),
    ...(command !== undefined && { command }),
    ...(values.keep && { keep: true }),
    ...(ports.length > 0 && { ports }),
    ...(key !== undefined && { ssh_public_keys: [key] }),
    env_vars: {
      ...(chosen && { GPU_TYPE: chosen.type }),
      ...(count !== undefined && { GPU_COUNT: String(count) }),
      ...(githubUser !== undefined && { GITHUB_USER: githubUser }),
      ...(values.jupyter && { JUPYTER_ENABLED: "true" }),
      ...(values.name !== undefined && { POD_NAME: values.name }),
      ...variables,
    },
  };
}

const typesOf = async (api: Api) =>
  Object.values((await api.get<Availability>("/v1/gpu/availability")).availability);

function commandOf(text: string | undefined, words: readonly string[]): string | undefined {
  if (text === undefined) return words.length > 0 ? shellLine(words) : undefined;
  if (words.length > 0)
    throw usageError("The command is given twice: by --command and behind `--`.");
  return text;
}

function sizeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw usageError("--disk-size is a number of GB.");
}

/** @throws CliError of usage */
export function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw usageError(`${JSON.stringify(text)} is no port: 1 to 65535.`);
}

const ORDERS = /^(GPU_TYPE|GPU_COUNT|GITHUB_USER|JUPYTER_ENABLED|POD_NAME)$/;

/** For people and for logs: variables by their names alone. */
export function withoutValues(submission: Submission): Submission {
  const entries = Object.entries(submission.env_vars);
  const shown = entries.map(([name, value]) => [name, ORDERS.test(name) ? value : "***"]);
  return { ...submission, env_vars: Object.fromEntries(shown) };
}
