/** What the word that is being typed may become. */
import type { Command, Names } from "../command.ts";
import { CONFIG_KEYS } from "../config.ts";
import type { Context } from "../context.ts";
import { commandIn } from "../parse.ts";
import { knownNames } from "./known-names.ts";

/** @param words behind `gpu-dev`; the last one is not finished, and may be empty. */
export async function candidatesFor(
  words: readonly string[],
  commands: readonly Command[],
  context: Context,
): Promise<readonly string[]> {
  const typed = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const shown = commands.filter(({ isInner }) => !isInner);
  const { command, rest } = commandIn(before, shown);
  const all = command ? await argumentsOf(command, rest, typed, context) : nextWords(shown, before);
  return all.filter((name) => name.startsWith(typed)).sort();
}

function nextWords(commands: readonly Command[], before: readonly string[]): readonly string[] {
  const next = commands
    .map(({ name }) => name.split(" "))
    .filter((words) => before.every((word, index) => word === words[index]))
    .flatMap((words) => words[before.length] ?? []);
  return [...new Set(next)];
}

async function argumentsOf(
  { flags, operands = [] }: Command,
  before: readonly string[],
  typed: string,
  context: Context,
): Promise<readonly string[]> {
  if (typed.startsWith("-")) return Object.keys(flags).map((name) => `--${name}`);
  const last = before.at(-1) ?? "";
  const flag = Object.entries(flags).find(
    ([name, { short }]) => last === `--${name}` || (short && last === `-${short}`),
  )?.[1];
  if (flag?.value) return flag.names ? await namesOf(flag.names, context) : [];
  const given = before.filter(
    (word, index) => !word.startsWith("-") && !takesValue(before[index - 1], flags),
  );
  const operand = operands[given.length] ?? (operands.at(-1)?.many ? operands.at(-1) : undefined);
  return operand?.names ? await namesOf(operand.names, context) : [];
}

const takesValue = (word: string | undefined, flags: Command["flags"]): boolean =>
  Object.entries(flags).some(
    ([name, { value, short }]) =>
      value && (word === `--${name}` || (short && word === `-${short}`)),
  );

async function namesOf(names: Names, context: Context): Promise<readonly string[]> {
  if (names === "config key") return Object.keys(CONFIG_KEYS);
  if (names === "file") return [];
  return (await knownNames(context))[names] ?? [];
}
