/** What `--help` says: of everything, of a group such as `disk`, and of one command. */
import { EXIT_MEANINGS } from "./cli-error.ts";
import type { Command, Flag } from "./command.ts";

const START: readonly (readonly [string, string])[] = [
  ["gpu-dev login", "log in with the AWS identity of this shell"],
  ["gpu-dev reserve --gpus 2 --hours 4", "a box with two GPUs for four hours"],
  ["gpu-dev connect", "a shell in it"],
  ["gpu-dev submit --command 'python train.py'", "a job that ends with its command"],
];
const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ["GPU_DEV_API_URL", "where the jobs API is; else api_url of the configuration"],
  ["GPU_DEV_API_KEY", "a key to use instead of logging in"],
  ["GPU_DEV_DEBUG", "set to api: tell of every request on stderr"],
  ["NO_COLOR", "no colours"],
];

/** Of their commands the list of all shows this alone. */
const OPERATORS = "admin";
export const isForOperators = (name: string): boolean => name.startsWith(`${OPERATORS} `);

export function helpOfAll(commands: readonly Command[]): string {
  const shown = commands.filter(({ name, isInner }) => !isInner && !isForOperators(name));
  return [
    "gpu-dev: GPU jobs, boxes and disks.",
    "",
    "Usage: gpu-dev COMMAND [ARGUMENTS]",
    "",
    ...section("Begin with", START),
    ...section("Commands", [
      ...shown.map(({ name, about }) => [name, about] as const),
      [OPERATORS, "what operators do; `gpu-dev admin` has its commands"],
    ]),
    ...section("Environment", ENVIRONMENT),
    ...section(
      "Exit codes",
      EXIT_MEANINGS.map(([code, about]) => [String(code), about] as const),
    ),
    "A job is named by its id, or its beginning, its name or pod. `gpu-dev COMMAND --help` tells more.",
    "",
  ].join("\n");
}

export function helpOfGroup(group: string, commands: readonly Command[]): string {
  const shown = commands.filter(({ name, isInner }) => !isInner && name.startsWith(`${group} `));
  return [
    `Usage: gpu-dev ${group} COMMAND [ARGUMENTS]`,
    "",
    ...section(
      "Commands",
      shown.map(({ name, about }) => [name, about] as const),
    ),
  ].join("\n");
}

export function helpOf({
  name,
  about,
  operands = [],
  flags,
  more,
  examples,
  aliases,
  rest,
}: Command): string {
  const shape = operands.map(({ name: operand, isOptional, many }) => {
    const word = many ? `${operand}…` : operand;
    return isOptional ? `[${word}]` : word;
  });
  const rows = Object.entries(flags).map(
    ([flag, spec]) => [flagText(flag, spec), spec.about] as const,
  );
  return [
    `${about.charAt(0).toUpperCase()}${about.slice(1)}.`,
    "",
    `Usage: ${["gpu-dev", name, ...shape, ...(rows.length > 0 ? ["[FLAGS]"] : []), ...(rest ? [`[-- ${rest}…]`] : [])].join(" ")}`,
    ...(aliases ? [`       also: ${aliases.map((alias) => `gpu-dev ${alias}`).join(", ")}`] : []),
    "",
    ...(rows.length > 0 ? section("Flags", rows) : []),
    ...(more ? [more, ""] : []),
    ...(examples ? ["Examples:", ...examples.map((example) => `  ${example}`), ""] : []),
  ].join("\n");
}

const flagText = (name: string, { value, short }: Flag): string =>
  `${short ? `-${short}, ` : "    "}--${name}${value ? ` ${value}` : ""}`;

function section(title: string, rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return [`${title}:`, ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`), ""];
}

/** For a terminal: what is too long goes on below where it began. */
export const fitHelp = (text: string, width: number | undefined): string =>
  width === undefined
    ? text
    : text
        .split("\n")
        .flatMap((line) => wrapped(line, width))
        .join("\n");

function wrapped(line: string, width: number): string[] {
  if (line.length <= width) return [line];
  const column = /^ +\S.*? {2,}(?=\S)/.exec(line)?.[0] ?? /^ */.exec(line)?.[0] ?? "";
  const room = width - column.length;
  const at = line.lastIndexOf(" ", width);
  // no room beside the names, or a word that is longer than the rest of the line
  if (room < 20 || at <= column.length) return [line];
  const rest = " ".repeat(column.length) + line.slice(at + 1);
  return [line.slice(0, at), ...wrapped(rest, width)];
}
