/** Asks before what cannot be taken back. */
import { CliError, EXIT, usageError } from "../../cli-error.ts";
import type { Context } from "../../context.ts";

export const YES_FLAG = { yes: { short: "y", about: "do not ask" } } as const;

/** @throws CliError: of usage where nobody can be asked, and when the answer is not yes. */
export async function confirm(
  isMeant: boolean,
  question: string,
  usage: string,
  { output }: Context,
): Promise<void> {
  if (isMeant) return;
  if (!output.canAsk) throw usageError("Nobody can be asked here.", `${usage} --yes`);
  if (!(await output.ask(question))) throw new CliError(EXIT.failed, "Nothing was done.");
}
