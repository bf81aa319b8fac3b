/** What the API refuses of a request is told by the flag that said it. */
import { CliError, EXIT } from "../cli-error.ts";
import type { Flags } from "../command.ts";
import { ApiError } from "./problem.ts";

/** `place: what is wrong; it was what came`, of which who typed it knows the last. */
const SENTENCE = /^([\w.]+?)(?:\[\d+\])*: (.*?)(?:; it was .*)?$/s;
const BETWEEN = /; (?!it was )/;

/** @returns the error as it is, where no flag has said what is wrong. */
export function ofFlags(error: unknown, flags: Flags): unknown {
  if (!(error instanceof ApiError) || ![400, 422].includes(error.problem.status)) return error;
  const { message, next, problem } = error;
  const told = message.split(BETWEEN).map((sentence) => inFlags(sentence, flags) ?? sentence);
  const sentence = told.join("; ");
  if (sentence === message) return error;
  const exit = error.exit === EXIT.failed ? EXIT.usage : error.exit;
  return new CliError(exit, sentence, { next, requestId: problem.requestId, cause: error });
}

function inFlags(sentence: string, flags: Flags): string | undefined {
  const [, place = "", what] = SENTENCE.exec(sentence) ?? [];
  const [above, name] = place.split(/\.(.*)/s);
  const flagOf = (wire: string | undefined) =>
    Object.keys(flags).find((flag) => wire !== undefined && flags[flag]?.wire === wire);
  const own = flagOf(place);
  if (own !== undefined) return `--${own}: ${what}`;
  // a member of what a flag gives, such as a variable
  const whole = flagOf(above);
  return whole === undefined ? undefined : `--${whole} ${name}: ${what}`;
}
