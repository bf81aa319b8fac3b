/** The variables of a job, from `--env`, from files, and from the shell: secrets need not be typed. */
import { readFile } from "node:fs/promises";
import { parseEnv } from "node:util";
import { usageError } from "../cli-error.ts";
import type { Environment } from "../environment.ts";
import { fileError } from "../files/private-file.ts";

/** Words among the variables that are orders to the service; flags say the same. */
const ORDERS: Readonly<Record<string, string>> = {
  RESERVATION_ID: "the service makes ids",
  GPU_TYPE: "--type says it",
  GPU_COUNT: "--gpus says it",
  GITHUB_USER: "--github-user says it",
  JUPYTER_ENABLED: "--jupyter says it",
  POD_NAME: "--name says it",
};

/**
 * @param words `NAME=VALUE`, or `NAME` for the value that this shell has.
 * @throws CliError
 */
export async function variablesOf(
  words: readonly string[],
  files: readonly string[],
  env: Environment,
): Promise<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const file of files) {
    const text = await readFile(file, "utf8").catch((error: unknown) => {
      throw fileError("read", file, error);
    });
    demandPairs(text, file);
    Object.assign(variables, parseEnv(text));
  }
  for (const word of words) {
    const [, name, value] = /^([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    // the word is not repeated: there may be a secret in it
    if (name === undefined) throw usageError("--env is NAME=VALUE, or NAME as this shell has it.");
    const found = value ?? env[name];
    if (found === undefined) throw usageError(`--env ${name}: this shell has no such variable.`);
    variables[name] = found;
  }
  for (const name of Object.keys(variables)) {
    const instead = ORDERS[name];
    if (instead) throw usageError(`${name} is no variable of a job: ${instead}.`);
  }
  return variables;
}

/** Comments, and values in quotes, which may have several lines. */
const PASSED_OVER = /^[ \t]*#.*$|=[ \t]*(["'`])[\s\S]*?\1/gm;
const PAIR = /^\s*(?:#.*)?$|^\s*[^=\s][^=]*=/;

/** The parser says nothing of other lines. @throws CliError of usage; the line may be a secret, and is not told. */
function demandPairs(text: string, file: string): void {
  const kept = text.replace(PASSED_OVER, (part, quote) =>
    quote === undefined ? "" : `=${part.replace(/[^\n]/g, "")}`,
  );
  const at = kept.split(/\r?\n/).findIndex((line) => !PAIR.test(line));
  if (at >= 0) throw usageError(`${file}, line ${at + 1}: it is not NAME=VALUE.`);
}
