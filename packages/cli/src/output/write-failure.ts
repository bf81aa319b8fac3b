/** What it means that a word could not be written to stdout or stderr. */
import { type CliError, codeOf } from "../cli-error.ts";
import { fileError } from "../files/private-file.ts";

/** @returns undefined where its reader has gone, as `head` does: that is no failure. */
export const writeFailure = (name: string, error: unknown): CliError | undefined =>
  ["EPIPE", "ECONNRESET"].includes(codeOf(error)) ? undefined : fileError("write", name, error);
