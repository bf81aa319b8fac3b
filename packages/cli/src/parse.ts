/** From the words of a command line to a command with its flags and operands. */
import { type ParseArgsConfig, parseArgs } from "node:util";
import { usageError } from "./cli-error.ts";
import type { Command, Flag, Flags, Given } from "./command.ts";
import { nearest } from "./nearest.ts";

export type Parsed =
  | { readonly kind: "run"; readonly command: Command; readonly given: Given<Flags> }
  | { readonly kind: "help"; readonly command: Command | undefined; readonly group?: string }
  | { readonly kind: "version" };

/** @throws CliError of usage */
export function parse(words: readonly string[], commands: readonly Command[]): Parsed {
  const [first] = words;
  if (first === undefined || first === "--help" || first === "-h" || first === "help") {
    return helpOf(first === "help" ? words.slice(1) : [], commands);
  }
  if (first === "--version" || first === "-V") return { kind: "version" };
  const { command, rest } = commandIn(words, commands);
  return command ? ofCommand(command, rest) : groupOrNothing(words, commands);
}

/** Of a command's name. */
const MOST_WORDS = 3;

/** The command that the words begin with, by its name or another name of it, and the words behind that. */
export function commandIn(
  words: readonly string[],
  commands: readonly Command[],
): { readonly command: Command | undefined; readonly rest: readonly string[] } {
  for (let count = MOST_WORDS; count > 0; count--) {
    const command = find(commands, words.slice(0, count).join(" "));
    if (command) return { command, rest: words.slice(count) };
  }
  return { command: undefined, rest: words };
}

function ofCommand(command: Command, rest: readonly string[]): Parsed {
  const asksForHelp = rest.includes("--help") || (rest.length === 1 && rest[0] === "-h");
  const isLiteral = rest.indexOf("--") >= 0 && rest.indexOf("--") < rest.indexOf("--help");
  if (asksForHelp && !isLiteral) return { kind: "help", command };
  return { kind: "run", command, given: givenTo(command, rest) };
}

const find = (commands: readonly Command[], name: string): Command | undefined =>
  commands.find((command) => command.name === name || command.aliases?.includes(name));

function helpOf(words: readonly string[], commands: readonly Command[]): Parsed {
  const name = words.filter((word) => !word.startsWith("-")).join(" ");
  if (name === "") return { kind: "help", command: undefined };
  const command = find(commands, name);
  if (command) return { kind: "help", command };
  if (isGroup(name, commands)) return { kind: "help", command: undefined, group: name };
  throw unknown(name, commands);
}

const isGroup = (name: string, commands: readonly Command[]): boolean =>
  commands.some((command) => command.name.startsWith(`${name} `));

/** `gpu-dev disk` alone shows what there is for disks. */
function groupOrNothing(words: readonly string[], commands: readonly Command[]): Parsed {
  const isGroupOf = (count: number) => isGroup(words.slice(0, count).join(" "), commands);
  const count = isGroupOf(2) ? 2 : isGroupOf(1) ? 1 : 0;
  const next = words[count];
  const isAsked = next === undefined || next === "--help" || next === "-h";
  if (count === 0 || !isAsked) throw unknown(words.slice(0, count + 1).join(" "), commands);
  return { kind: "help", command: undefined, group: words.slice(0, count).join(" ") };
}

function unknown(name: string, commands: readonly Command[]) {
  const names = commands.filter(({ isInner }) => !isInner).map((command) => command.name);
  const near = nearest(name, names);
  const hint = near ? `Did you mean \`gpu-dev ${near}\`?` : "See `gpu-dev --help`.";
  return usageError(`There is no command ${JSON.stringify(name)}.`, hint);
}

type Options = NonNullable<ParseArgsConfig["options"]>;

function givenTo(command: Command, words: readonly string[]): Given<Flags> {
  const { flags } = command;
  const options: Options = {};
  for (const [name, { value, short, many }] of Object.entries(flags)) {
    options[name] = {
      type: value === undefined ? "boolean" : "string",
      ...(short !== undefined && { short }),
      ...(many && { multiple: true }),
    };
  }
  const { tokens } = parseArgs({
    args: [...words],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, string | boolean | readonly string[] | undefined> = {};
  for (const [name, { value, many }] of Object.entries(flags)) {
    values[name] = many ? [] : value === undefined ? false : undefined;
  }
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const flag = flags[token.name];
    if (!flag) throw unknownFlag(token.rawName, command);
    const value = flagValue(token.rawName, flag, token.value, command);
    const before = values[token.name];
    values[token.name] = flag.many && Array.isArray(before) ? [...before, value] : value;
  }
  const end = tokens.find(({ kind }) => kind === "option-terminator")?.index ?? words.length;
  const positionals = tokens.flatMap((token) => (token.kind === "positional" ? [token] : []));
  const isOperand = ({ index }: { index: number }) => command.rest === undefined || index < end;
  const operands = positionals.filter(isOperand).map(({ value }) => value);
  const rest = positionals.filter((token) => !isOperand(token)).map(({ value }) => value);
  return {
    flags: values as Given<Flags>["flags"],
    operands: operandsOf(command, operands),
    rest,
  };
}

function flagValue(
  written: string,
  { value: name }: Flag,
  value: string | undefined,
  command: Command,
): string | boolean {
  const see = `See \`gpu-dev ${command.name} --help\`.`;
  if (name === undefined) {
    if (value !== undefined) throw usageError(`${written} takes no value.`, see);
    return true;
  }
  // what looks like a flag is one: `--name --wait` is a name that was forgotten
  if (value === undefined || value === "" || value.startsWith("--")) {
    throw usageError(`${written} needs a value: ${written} ${name}.`, see);
  }
  return value;
}

function unknownFlag(written: string, { name, flags }: Command) {
  const near = nearest(
    written,
    Object.keys(flags).map((flag) => `--${flag}`),
  );
  const hint = near ? `Did you mean ${near}?` : `See \`gpu-dev ${name} --help\`.`;
  return usageError(`\`gpu-dev ${name}\` has no flag ${written}.`, hint);
}

function operandsOf(command: Command, given: readonly string[]): readonly string[] {
  const { name, operands = [] } = command;
  const see = `See \`gpu-dev ${name} --help\`.`;
  const missing = operands.filter(({ isOptional }) => !isOptional)[given.length];
  if (missing) throw usageError(`\`gpu-dev ${name}\` needs ${missing.name}.`, see);
  const takesMany = operands.some(({ many }) => many);
  if (!takesMany && given.length > operands.length) {
    const extra = JSON.stringify(given[operands.length]);
    throw usageError(`\`gpu-dev ${name}\` does not take ${extra}.`, see);
  }
  return given;
}
