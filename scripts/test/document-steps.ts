/** A document's blocks as one shell script, and what each of its commands is said to print. */
import type { Block } from "../src/documents/blocks.ts";

/** Commands, and the comments below them, which are what they print. */
export interface Step {
  readonly commands: string;
  /** `…` stands for anything; undefined where nothing is said. */
  readonly prints: string | undefined;
}

export function stepsOf(blocks: readonly Block[]): Step[] {
  return blocks
    .filter(({ mark }) => mark?.kind === "run")
    .flatMap(({ text }) =>
      [...text.matchAll(/((?:^(?!#).*\n)+)((?:^#.*\n)*)/gm)].map(
        ([, commands = "", said = ""]) => ({
          commands,
          prints: said === "" ? undefined : said.replaceAll(/^# ?/gm, ""),
        }),
      ),
    );
}

const MARK = "\u001e";

/** One shell for all steps of a document, since later ones use what earlier ones have set; it ends with a command that fails. */
export const scriptOf = (steps: readonly Step[]): string =>
  `set -e\n${steps.map(({ commands }) => `${commands}printf '${MARK}%s${MARK}' $?\n`).join("")}`;

/** What each step printed, and its exit code. */
export function resultsOf(output: string): { text: string; code: string }[] {
  const parts = output.split(MARK);
  return Array.from({ length: Math.floor(parts.length / 2) }, (_, index) => ({
    text: parts[2 * index] ?? "",
    code: parts[2 * index + 1] ?? "",
  }));
}

/** Space is no difference: answers are folded to be read. */
export function isAsSaid(printed: string, said: string): boolean {
  const words = said
    .replaceAll(/\s+/g, "")
    .split("…")
    .map((part) => part.replaceAll(/[^\w]/g, "\\$&"));
  return new RegExp(words.join("[\\s\\S]*")).test(printed.replaceAll(/\s+/g, ""));
}

/** The scripts of package.json, without the way through a package runner, which would be there for each command. */
export function preludeOf(scripts: Readonly<Record<string, string>>): string {
  const cases = Object.entries(scripts)
    .filter(([, command]) => command.startsWith("node "))
    .map(([name, command]) => `${name}) ${command.replace("node", process.execPath)} "$@" ;;`);
  return [
    'curl() { command curl -sS "$@"; }',
    `node() { ${process.execPath} "$@"; }`,
    'npx() { while case "$1" in -*|pnpm*) true ;; *) false ;; esac; do shift; done; pnpm "$@"; }',
    `pnpm() { script=$1; shift; case $script in\n${cases.join("\n")}\n*) echo "no script $script" >&2; false ;; esac; }`,
    "",
  ].join("\n");
}
