/** What a job wrote: how much of it is asked for. */
import * as z from "zod";
import { flagWord, integerWord } from "./query-words.ts";

const MAX_TAIL = 10_000;
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

const tailError = `must be a number from 0 to ${MAX_TAIL}`;
const sinceError = "must be a time like 2026-01-31T12:00:00Z, or how long ago, like 90s, 10m or 2h";

/** The same for the gateway, jobs and the processor. */
export const JobLogsQuery = z.strictObject({
  tail: z
    .string()
    .regex(/^\d{1,5}$/, { error: tailError })
    .transform(Number)
    .pipe(z.int().max(MAX_TAIL, { error: tailError }))
    .optional()
    .meta({ ...integerWord(0, MAX_TAIL), description: "So many lines from the end." }),
  since: z
    .string()
    .refine((text) => sinceOf(text) !== undefined, { error: sinceError })
    .optional()
    .describe(
      "What was written from then on: a time, or how long ago (90s, 10m, 2h). Of a job that is over, all that is kept is told.",
    ),
  follow: flagWord.optional().describe("Goes on with what the job writes, until it is over."),
});
export type JobLogsQuery = z.output<typeof JobLogsQuery>;

export type Since = { readonly sinceSeconds: number } | { readonly sinceTime: string };

/** Undefined for what is neither a time nor a duration. */
export function sinceOf(text: string): Since | undefined {
  const [, count, unit = ""] = /^(\d{1,7})([smh])$/.exec(text) ?? [];
  const factor = SECONDS[unit];
  if (count !== undefined && factor !== undefined) {
    return { sinceSeconds: Math.max(1, Number(count) * factor) };
  }
  return z.iso.datetime({ offset: true }).safeParse(text).success ? { sinceTime: text } : undefined;
}

/** The last lines of a text. @param count undefined: all of it. */
export function tailOf(text: string, count: number | undefined): string {
  if (count === undefined) return text;
  const lines = text.split("\n");
  // a text that ends with its last line has nothing behind it
  const end = lines.at(-1) === "" ? 1 : 0;
  return count === 0 ? "" : lines.slice(-count - end).join("\n");
}
